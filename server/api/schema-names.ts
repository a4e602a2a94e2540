/**
 * Names and examples of the schemas in the OpenAPI document. Each schema of `shared/api/` has its own name, so that generated clients get
 * named types.
 */
import { zodToOpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import * as accounts from '../../shared/api/accounts.ts';
import * as actions from '../../shared/api/actions.ts';
import * as activity from '../../shared/api/activity.ts';
import * as affectedDevices from '../../shared/api/affected-devices.ts';
import * as approvers from '../../shared/api/approvers.ts';
import * as areas from '../../shared/api/areas.ts';
import * as backup from '../../shared/api/backup.ts';
import * as cliSignIn from '../../shared/api/cli-sign-in.ts';
import * as codes from '../../shared/api/codes.ts';
import * as commands from '../../shared/api/commands.ts';
import * as compliance from '../../shared/api/compliance.ts';
import * as customRoles from '../../shared/api/custom-roles.ts';
import * as demo from '../../shared/api/demo.ts';
import * as deviceActions from '../../shared/api/device-actions.ts';
import * as deviceLogs from '../../shared/api/device-logs.ts';
import * as deviceViews from '../../shared/api/device-views.ts';
import * as devices from '../../shared/api/devices.ts';
import * as disclosures from '../../shared/api/disclosures.ts';
import * as events from '../../shared/api/events.ts';
import * as activityExamples from '../../shared/api/examples/activity.ts';
import * as areaExamples from '../../shared/api/examples/areas.ts';
import * as customRoleExamples from '../../shared/api/examples/custom-roles.ts';
import * as deviceExamples from '../../shared/api/examples/devices.ts';
import * as disclosureExamples from '../../shared/api/examples/disclosures.ts';
import * as fileExamples from '../../shared/api/examples/files.ts';
import * as installationExamples from '../../shared/api/examples/installation.ts';
import * as notificationExamples from '../../shared/api/examples/notifications.ts';
import * as orderExamples from '../../shared/api/examples/orders.ts';
import * as packageExamples from '../../shared/api/examples/packages.ts';
import * as passkeyExamples from '../../shared/api/examples/passkeys.ts';
import * as peopleExamples from '../../shared/api/examples/people.ts';
import * as policyExamples from '../../shared/api/examples/policies.ts';
import * as scriptExamples from '../../shared/api/examples/scripts.ts';
import * as softwareExamples from '../../shared/api/examples/software.ts';
import * as updateChannelExamples from '../../shared/api/examples/update-channels.ts';
import * as workExamples from '../../shared/api/examples/work.ts';
import * as explanation from '../../shared/api/explanation.ts';
import * as files from '../../shared/api/files.ts';
import * as groups from '../../shared/api/groups.ts';
import * as health from '../../shared/api/health.ts';
import * as holds from '../../shared/api/holds.ts';
import * as installation from '../../shared/api/installation.ts';
import * as inventory from '../../shared/api/inventory.ts';
import * as ipDatabases from '../../shared/api/ip-databases.ts';
import * as jobs from '../../shared/api/jobs.ts';
import * as ledger from '../../shared/api/ledger.ts';
import * as liveQueries from '../../shared/api/live-queries.ts';
import * as lostMode from '../../shared/api/lost-mode.ts';
import * as mail from '../../shared/api/mail.ts';
import * as membership from '../../shared/api/membership.ts';
import * as notifications from '../../shared/api/notifications.ts';
import * as orderApprovals from '../../shared/api/order-approvals.ts';
import * as orderDocuments from '../../shared/api/order-documents.ts';
import * as orderImpact from '../../shared/api/order-impact.ts';
import * as orderPacks from '../../shared/api/order-packs.ts';
import * as orderPreview from '../../shared/api/order-preview.ts';
import * as orderProposals from '../../shared/api/order-proposals.ts';
import * as orderReadings from '../../shared/api/order-readings.ts';
import * as orderRollout from '../../shared/api/order-rollout.ts';
import * as orders from '../../shared/api/orders.ts';
import * as overview from '../../shared/api/overview.ts';
import * as packages from '../../shared/api/packages.ts';
import * as passkeys from '../../shared/api/passkeys.ts';
import * as people from '../../shared/api/people.ts';
import * as policies from '../../shared/api/policies.ts';
import * as provider from '../../shared/api/provider.ts';
import * as reassignment from '../../shared/api/reassignment.ts';
import * as recovery from '../../shared/api/recovery.ts';
import * as scripts from '../../shared/api/scripts.ts';
import * as session from '../../shared/api/session.ts';
import * as software from '../../shared/api/software.ts';
import * as territoryPolicies from '../../shared/api/territory-policies.ts';
import * as timeCorrections from '../../shared/api/time-corrections.ts';
import * as transparency from '../../shared/api/transparency.ts';
import * as updateChannels from '../../shared/api/update-channels.ts';
import * as wire from '../../shared/api/wire.ts';
import * as territoryPolicy from '../../shared/areas/territory-policy.ts';
import * as disclosureDocuments from '../../shared/disclosure/documents.ts';
import * as proceedings from '../../shared/order/proceedings.ts';
import * as policyDocument from '../../shared/policy/policy-document.ts';
import { describedRollout } from './rollout-schema.ts';

const MODULES: readonly object[] = [
  accounts,
  actions,
  activity,
  affectedDevices,
  approvers,
  areas,
  backup,
  cliSignIn,
  codes,
  commands,
  compliance,
  jobs,
  customRoles,
  demo,
  deviceActions,
  deviceLogs,
  devices,
  deviceViews,
  disclosures,
  disclosureDocuments,
  events,
  explanation,
  files,
  groups,
  health,
  holds,
  installation,
  inventory,
  ipDatabases,
  ledger,
  liveQueries,
  lostMode,
  mail,
  membership,
  notifications,
  orderApprovals,
  orderDocuments,
  orderImpact,
  orderPacks,
  orderPreview,
  orderProposals,
  orderReadings,
  { ...orderRollout, orderRollout: describedRollout },
  orders,
  overview,
  passkeys,
  people,
  packages,
  updateChannels,
  policies,
  policyDocument,
  provider,
  proceedings,
  reassignment,
  recovery,
  scripts,
  session,
  software,
  territoryPolicies,
  territoryPolicy,
  timeCorrections,
  // Two schemas are renamed, because another module has schemas with the names `statementView` and `statementList`.
  renamed(transparency, { statementView: 'transparencyStatementView', statementList: 'transparencyStatementList' }),
  wire,
];

/** Schemas of parameters need no name, because the OpenAPI document lists parameters inside each operation. */
const PARAMETERS = /(?:Params|Query|Filter)$/;

/** Examples of schemas. The key of an example is the name of its schema without the suffix `Schema`. */
export const EXAMPLES: Readonly<Record<string, unknown>> = {
  ...activityExamples,
  ...areaExamples,
  ...customRoleExamples,
  ...deviceExamples,
  ...disclosureExamples,
  ...fileExamples,
  ...installationExamples,
  ...notificationExamples,
  ...orderExamples,
  ...packageExamples,
  ...updateChannelExamples,
  ...passkeyExamples,
  ...scriptExamples,
  ...peopleExamples,
  ...policyExamples,
  ...softwareExamples,
  ...workExamples,
};

export const NAMED_SCHEMAS: ReadonlyMap<string, z.ZodType> = new Map(
  MODULES.flatMap((module) => Object.entries(module)).flatMap(([name, value]) => {
    const named =
      value instanceof z.ZodObject || value instanceof z.ZodDiscriminatedUnion || value instanceof z.ZodUnion;
    return named && !PARAMETERS.test(name) ? [[name.replace(/Schema$/, ''), value]] : [];
  }),
);

function renamed(module: object, names: Readonly<Record<string, string>>): object {
  return Object.fromEntries(Object.entries(module).map(([name, value]) => [names[name] ?? name, value]));
}

export function nameSchemas(): void {
  for (const [name, schema] of NAMED_SCHEMAS) {
    const refId = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const example = EXAMPLES[name];
    zodToOpenAPIRegistry.add(schema, {
      _internal: { refId },
      ...(example === undefined ? {} : { examples: [example] }),
    });
  }
}
