/** Examples of update channels for the OpenAPI document. */
const updateChannelPublication = {
  sha256: '3f9c0e3b6d1a4c58e7b2a9d0f6c4e1b8a7d5c3f2e1b0a9d8c7f6e5d4c3b2a190',
  version: '0.3.0',
  architecture: 'amd64',
  revision: 4,
  current: true,
  publishedAt: 1_447_232_400_000,
  publishedBy: 'acc_a2b3c4d5e6f7g2h3',
};
const updateChannelView = {
  channel: 'stable',
  publications: [updateChannelPublication],
  devices: 120,
  met: 112,
  notMet: 6,
};
export const updateChannelList = { channels: [updateChannelView], people: { acc_a2b3c4d5e6f7g2h3: 'Ayesha' } };
export const updateChannelPublicationRequest = { sha256: updateChannelPublication.sha256 };
