/** Routes for scripts. `POST /commands` and `POST /devices/:id/commands` run a reviewed version. */
import { commandParams } from '../../shared/api/commands.ts';
import {
  newScript,
  newScriptVersion,
  type ScriptVersionView,
  scriptList,
  scriptOutput,
  scriptOutputQuery,
  scriptParams,
  scriptReview,
  scriptSettings,
  scriptSettingsChange,
  scriptVersionList,
  scriptVersionParams,
  scriptVersionQuery,
  scriptVersionView,
  scriptView,
} from '../../shared/api/scripts.ts';
import type { Admins } from '../admins/admins.ts';
import type { Account } from '../admins/ports.ts';
import type { Commands } from '../commands/commands.ts';
import type { Devices } from '../devices/devices.ts';
import type { Author, JudgedVersion, Scripts } from '../scripts/scripts.ts';
import { type Caller, Reply, type Route, route } from './route.ts';

export interface ScriptRoutesPorts {
  readonly scripts: Omit<Scripts, 'signed' | 'addOutput'>;
  readonly commands: Pick<Commands, 'get'>;
  readonly devices: Pick<Devices, 'get'>;
  readonly admins: Pick<Admins, 'namesOf' | 'approverKeySigned'>;
}

export function scriptRoutes(ports: ScriptRoutesPorts): Route[] {
  return [...readRoutes(ports), ...writeRoutes(ports), ...reviewRoutes(ports), ...settingsRoutes(ports)];
}

const authorOf = ({ person, id, name }: Account): Author => ({ person, account: id, name });

type Ports = Pick<ScriptRoutesPorts, 'scripts' | 'admins'>;

async function viewsOf({ scripts, admins }: Ports, versions: readonly JudgedVersion[], { account }: Caller) {
  const judged = await scripts.reviewable(versions, account.person);
  const names = await admins.namesOf(new Set(judged.flatMap(({ reviewers }) => reviewers)));
  return judged.map(({ version, obstacle, reviewers }) => {
    return {
      ...version,
      reviews: [...version.reviews],
      arguments: [...version.arguments],
      obstacle,
      reviewers: reviewers.map((person) => names[person] ?? person).sort(),
    };
  });
}

async function viewOf(ports: Ports, version: JudgedVersion, caller: Caller): Promise<ScriptVersionView> {
  const [view] = await viewsOf(ports, [version], caller);
  if (!view) throw new Error('a version has no view');
  return view;
}

function readRoutes(ports: ScriptRoutesPorts): Route[] {
  const { scripts, commands, devices, admins } = ports;
  return [
    route({
      name: 'scripts.list',
      method: 'get',
      path: '/scripts',
      summary: 'List the scripts by name, with the state of their newest versions',
      response: scriptList,
      async handler() {
        const found = await scripts.list();
        return {
          scripts: found.flatMap(({ newest, ...script }) =>
            newest ? [{ ...script, state: newest.state, purpose: newest.purpose }] : [],
          ),
        };
      },
    }),
    route({
      name: 'scripts.show',
      method: 'get',
      path: '/scripts/:id',
      summary: 'Show a script',
      params: scriptParams,
      response: scriptView,
      handler: ({ params }) => scripts.get(params.id),
    }),
    route({
      name: 'scripts.versions',
      method: 'get',
      path: '/scripts/:id/versions',
      summary: 'List the versions of a script with their texts and reviews, newest first',
      params: scriptParams,
      query: scriptVersionQuery,
      response: scriptVersionList,
      async handler({ params, query, caller }) {
        await scripts.get(params.id);
        const versions = await scripts.versions(params.id, query.before ?? null);
        return {
          versions: await viewsOf(ports, versions, caller),
          people: await admins.namesOf(new Set(versions.flatMap(accountsOf))),
        };
      },
    }),
    route({
      name: 'scripts.output',
      method: 'get',
      path: '/commands/:id/output',
      summary: 'Read the output of a script on one device, also while it runs',
      params: commandParams,
      query: scriptOutputQuery,
      response: scriptOutput,
      async handler({ params, query, scope, concern }) {
        const command = await commands.get(params.id);
        await devices.get(command.device, scope.devices);
        concern([command.device]);
        // The state must be read before the output. The result of a command arrives after all of its output, so an ended command then has
        // complete output.
        const ended = !['queued', 'stored'].includes(command.state);
        const { text, next } = await scripts.output(params.id, query.from);
        return { text, next, ended };
      },
    }),
  ];
}

const accountsOf = ({ createdBy, withdrawn }: JudgedVersion): string[] =>
  withdrawn ? [createdBy, withdrawn.by] : [createdBy];

function writeRoutes(ports: ScriptRoutesPorts): Route[] {
  const { scripts } = ports;
  return [
    route({
      name: 'scripts.create',
      method: 'post',
      path: '/scripts',
      summary: 'Create a script with its first version. Another person must review the version before it can run',
      body: newScript,
      response: scriptView,
      statuses: [201],
      async handler({ body: { name, days, ...content }, caller }) {
        return new Reply(await scripts.create(name, content, days, authorOf(caller.account)), { status: 201 });
      },
    }),
    route({
      name: 'scripts.add-version',
      method: 'post',
      path: '/scripts/:id/versions',
      summary: 'Write the next version of a script. Another person must review it before it can run',
      params: scriptParams,
      body: newScriptVersion,
      response: scriptVersionView,
      statuses: [201],
      async handler({ params, body: { after, days, ...content }, caller }) {
        const script = await scripts.get(params.id);
        const { version } = await scripts.addVersion(script, after, content, days, authorOf(caller.account));
        const made = await scripts.version(params.id, version);
        return new Reply(await viewOf(ports, made, caller), { status: 201 });
      },
    }),
  ];
}

function reviewRoutes(ports: ScriptRoutesPorts): Route[] {
  const { scripts, admins } = ports;
  return [
    route({
      name: 'scripts.review',
      method: 'post',
      path: '/scripts/:id/versions/:version/reviews',
      summary: 'Store the review of a version: the signature of an approver who is independent of its author',
      params: scriptVersionParams,
      body: scriptReview,
      response: scriptVersionView,
      async handler({ params: { id, version }, body, caller }) {
        const reviewed = await scripts.review(id, version, authorOf(caller.account), body);
        await admins.approverKeySigned(body.keyid);
        return viewOf(ports, reviewed, caller);
      },
    }),
    route({
      name: 'scripts.withdraw',
      method: 'post',
      path: '/scripts/:id/versions/:version/withdrawal',
      summary: 'Withdraw a version. Devices that do not have it yet never run it',
      params: scriptVersionParams,
      response: scriptVersionView,
      async handler({ params: { id, version }, caller }) {
        return viewOf(ports, await scripts.withdraw(id, version, caller.account.id), caller);
      },
    }),
  ];
}

function settingsRoutes({ scripts }: ScriptRoutesPorts): Route[] {
  return [
    route({
      name: 'scripts.settings',
      method: 'get',
      path: '/script-settings',
      summary: 'Show whether scripts are switched on for the organization',
      response: scriptSettings,
      handler: () => scripts.settings(),
    }),
    route({
      name: 'scripts.switch',
      method: 'post',
      path: '/script-settings',
      summary: 'Switch scripts on or off for the organization',
      body: scriptSettingsChange,
      response: scriptSettings,
      handler: ({ body, caller }) => scripts.switch(body.on, caller.account.id),
    }),
  ];
}
