/** Examples of notifications for the OpenAPI document. */
const webhook = {
  id: 'ntc_a2b3c4d5e6f7g2h3',
  name: 'Pager',
  createdAt: 1_447_232_400_000,
  type: 'webhook',
  url: 'https://pager.example.org/hook',
  previousSecretUntil: null,
};
const rule = {
  name: 'Devices offline for a week',
  condition: { kind: 'device-offline', days: 7 },
  group: null,
  channels: ['ntc_a2b3c4d5e6f7g2h3'],
  repeatHours: 168,
  enabled: true,
};

export const newNotificationRule = rule;
export const notificationRuleChange = { enabled: false };
export const notificationRuleView = { ...rule, id: 'ntr_a2b3c4d5e6f7g2h3', createdAt: 1_447_232_400_000 };
export const notificationRuleList = { rules: [notificationRuleView] };
export const newChannel = { name: 'Pager', type: 'webhook', url: 'https://pager.example.org/hook' };
export const channelView = webhook;
export const channelList = { channels: [webhook] };
export const createdChannel = { channel: webhook, secret: 'whsec_bm90IGEgcmVhbCBzZWNyZXQsIG9ubHkgYW4gZXhhbXBsZQ==' };
export const deliveryList = {
  deliveries: [
    {
      id: 'ntd_a2b3c4d5e6f7g2h3',
      channel: 'ntc_a2b3c4d5e6f7g2h3',
      rule: 'ntr_a2b3c4d5e6f7g2h3',
      test: false,
      title: '3 devices are offline',
      state: 'delivered',
      attempts: 1,
      createdAt: 1_447_232_400_000,
      nextAttemptAt: null,
      deliveredAt: 1_447_232_401_000,
      failure: null,
    },
  ],
  next: null,
};
export const queuedDelivery = { delivery: 'ntd_a2b3c4d5e6f7g2h3' };
