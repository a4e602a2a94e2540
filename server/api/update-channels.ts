/** Routes for the update channels of the agent. */
import {
  type UpdateChannelView,
  updateChannelList,
  updateChannelParams,
  updateChannelPublicationRequest,
} from '../../shared/api/update-channels.ts';
import { UPDATE_CHANNELS } from '../../shared/software/update-channel.ts';
import type { Admins } from '../admins/admins.ts';
import type { Policies } from '../policies/policies.ts';
import { currentOf } from '../update-channels/channel-target.ts';
import type { UpdateChannels } from '../update-channels/update-channels.ts';
import { type Input, type Route, route } from './route.ts';

export interface UpdateChannelsPorts {
  readonly updateChannels: Pick<UpdateChannels, 'publications' | 'publish'>;
  readonly devicePolicies: Pick<Policies, 'channelUse'>;
  readonly admins: Pick<Admins, 'namesOf'>;
}

type Scope = Input<unknown, unknown, unknown>['scope']['devices'];

export function updateChannelRoutes({ updateChannels, devicePolicies, admins }: UpdateChannelsPorts): Route[] {
  async function list(scope: Scope) {
    const [all, use] = await Promise.all([updateChannels.publications(), devicePolicies.channelUse(scope)]);
    const channels = UPDATE_CHANNELS.map((channel): UpdateChannelView => {
      const publications = all.filter((each) => each.channel === channel);
      const current = currentOf(publications);
      return {
        channel,
        publications: publications.map(({ envelope, channel: _, ...each }) => ({
          ...each,
          current: current.some(({ revision }) => revision === each.revision),
        })),
        ...(use.get(channel) ?? { devices: 0, met: 0, notMet: 0 }),
      };
    });
    return { channels, people: await admins.namesOf(new Set(all.map(({ publishedBy }) => publishedBy))) };
  }
  return [
    route({
      name: 'update-channels.list',
      method: 'get',
      path: '/update-channels',
      summary: 'List the update channels of the agent with their packages',
      response: updateChannelList,
      handler: ({ scope }) => list(scope.devices),
    }),
    route({
      name: 'update-channels.publish',
      method: 'post',
      path: '/update-channels/:channel/publications',
      summary: 'Publish a signed package of the agent on an update channel, also an earlier one again',
      params: updateChannelParams,
      body: updateChannelPublicationRequest,
      response: updateChannelList,
      async handler({ params, body, caller, scope, authorize }) {
        await authorize('agent.publish', []);
        const { id, person } = caller.account;
        await updateChannels.publish(params.channel, body.sha256, { account: id, person });
        return list(scope.devices);
      },
    }),
  ];
}
