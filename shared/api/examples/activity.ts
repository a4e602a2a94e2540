/** Examples of the activity log for the OpenAPI document. */
export const activityList = {
  entries: [
    {
      id: 4211,
      at: 1_447_232_400_000,
      until: null,
      count: 1,
      kind: 'change',
      actor: { kind: 'admin', id: 'acc_a2b3c4d5e6f7g2h3', name: 'Ada Byron' },
      via: 'session',
      credential: 'ses_a2b3c4d5e6f7g2h3',
      address: '192.0.2.7',
      agent: 'Mozilla/5.0',
      action: 'devices.revoke',
      title: 'Revoke the certificates of a device and close its connections',
      outcome: 'ok',
      targets: [{ kind: 'device', id: 'dev_a2b3c4d5e6f7g2h3', name: 'Charles Babbage (engine)' }],
      targetCount: 1,
      batch: 311,
    },
  ],
  next: null,
  limited: false,
  days: 400,
};
