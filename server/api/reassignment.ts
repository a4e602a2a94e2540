/** Routes that reassign many devices: a preview of each line, and the activation links of the new owners. */
import type { z } from 'zod';
import type { ActionName } from '../../shared/api/action-names.ts';
import {
  MOST_REASSIGNED,
  reassignmentPreview,
  reassignmentPreviewRequest,
  reassignmentRequest,
  reassignmentResult,
} from '../../shared/api/reassignment.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import type { Actions } from '../admins/actions.ts';
import type { RightName } from '../admins/rights.ts';
import { type Devices, refusalText, type Scope } from '../devices/devices.ts';
import type { Enrollment } from '../enrollment/enrollment.ts';
import type { OwnerMail } from '../enrollment/owner-mail.ts';
import { createReassignment, type Line, type Owner, pairsOf } from '../enrollment/reassignment.ts';
import { coversPerson, type People, seesPerson } from '../people/people.ts';
import { createDeviceSelection } from './device-selection.ts';
import type { FilterRights } from './filter-rights.ts';
import { type Input, type Route, route } from './route.ts';

export interface ReassignmentPorts {
  readonly devices: Pick<Devices, 'select' | 'assess' | 'within' | 'named' | 'actionFacts' | 'names'>;
  readonly filterRights: Pick<FilterRights, 'require'>;
  readonly people: Pick<People, 'named'>;
  readonly enrollment: Pick<Enrollment, 'createCode'>;
  /** Sender of links; null if the server sends no mail. */
  readonly ownerMail: OwnerMail | null;
  readonly actions: Pick<Actions, 'secondPerson'>;
}

/** Rights that a reassignment needs beside its own, because its codes end enrollments and change the user of devices. */
const NEEDED: readonly RightName[] = ['codes.create', 'devices.update', 'devices.revoke'];

type Wanted = z.output<typeof reassignmentPreviewRequest>;
type Request = Pick<Input<unknown, unknown, Wanted>, 'body' | 'scope' | 'demand'>;

export function reassignmentRoutes({
  devices,
  filterRights,
  people,
  enrollment,
  ownerMail,
  actions,
}: ReassignmentPorts): Route[] {
  const { select } = createDeviceSelection(devices, filterRights);
  const { plan, perform } = createReassignment({
    devicesNamed: devices.named,
    facts: devices.actionFacts,
    names: devices.names,
    createCode: enrollment.createCode,
  });

  async function askedPairs({ body, scope, demand }: Request) {
    if (body.pairs !== undefined) return body.pairs;
    const chosen = await select(body, { scope, demand }, true);
    return pairsOf(chosen, body.person as PersonId, MOST_REASSIGNED);
  }

  async function planned(request: Request) {
    const scopes: Scope[] = [request.scope.devices, ...NEEDED.map((right) => request.demand(right).devices)];
    const reach = async (ids: readonly DeviceId[]) => {
      let inside = ids;
      for (const scope of scopes) inside = await devices.within(inside, scope);
      return inside;
    };
    const enrolling = request.demand('codes.create').devices;
    const ownersOf = async (texts: readonly string[]): Promise<ReadonlyMap<string, Owner>> =>
      new Map(
        [...(await people.named(texts))].flatMap(([text, { id, name, email, status, groups }]) => {
          // An address or a directory id of a person outside the scope counts as unknown, so that an admin cannot try out addresses.
          if (text !== id && !seesPerson(enrolling, groups)) return [];
          const covered = coversPerson(enrolling, groups);
          return [[text, { id, name, email, status, groups: groups.map((group) => group.id), covered }] as const];
        }),
      );
    return plan(await askedPairs(request), reach, ownersOf);
  }

  return [
    route({
      name: 'devices.preview-reassignment',
      method: 'post',
      path: '/device-actions/reassign/preview',
      summary: 'Preview the reassignment of many devices, with the decision about each line',
      body: reassignmentPreviewRequest,
      response: reassignmentPreview,
      async handler(request) {
        const { lines, affected } = await planned(request);
        const ids = affected.map(({ device }) => device.id);
        return {
          affected: affected.length,
          secondPerson: await actions.secondPerson(request.caller.account, neededFor(affected), ids),
          lines: lines.map(lineView),
        };
      },
    }),
    route({
      name: 'devices.reassign',
      method: 'post',
      path: '/device-actions/reassign',
      summary: 'Create an activation link for each of many devices, with which another person becomes its owner',
      body: reassignmentRequest,
      response: reassignmentResult,
      async handler(request) {
        const { body, caller, confirmed, concern, authorize } = request;
        if (body.mail && ownerMail === null) {
          const detail =
            'The server sends no mail. Set CORDON_MAIL_URL, or leave out "mail" and give the links to the new owners yourself.';
          throw new CordonError('invalid_input', detail, { field: 'mail' });
        }
        const { lines, affected } = await planned(request);
        if (confirmed === null) requireExpected(body.expect, affected.length);
        const ids = affected.map(({ device }) => device.id);
        concern(ids);
        const action = neededFor(affected);
        if (action !== null) {
          // A second person confirms these devices and people by their ids. Names could concern others at that time.
          const pairs = affected.map(({ device, owner }) => ({ device: device.id, person: owner.id }));
          const { expiresInHours, mail } = body;
          await authorize(action, ids, { pairs, expect: affected.length, expiresInHours, mail });
        }
        const { links, refused } = await perform(affected, {
          by: caller.account.id,
          hours: body.expiresInHours,
          mail: body.mail ? ownerMail : null,
        });
        return {
          codes: links.map((link) => ({ ...link, owner: ownerView(link.owner) })),
          refused: [...lines.filter(({ refusal }) => refusal !== null), ...refused].map(lineView),
        };
      },
    }),
  ];
}

/** A reassignment ends the enrollments of active devices. Other devices need no further confirmation. */
const neededFor = (affected: readonly { readonly facts: { readonly status: string } }[]): ActionName | null =>
  affected.some(({ facts }) => facts.status === 'active') ? 'device.re-enroll' : null;

const ownerView = ({ id, name }: Owner) => ({ id, name });

/** The name of a person outside the scope stays hidden. */
const lineView = ({ line, asked, device, owner, refusal }: Line) => ({
  line,
  asked,
  device,
  owner: owner?.covered ? ownerView(owner) : null,
  refusal: refusal && { reason: refusal, text: refusalText(refusal) },
});

function requireExpected(expect: number, affected: number): void {
  if (expect === affected) return;
  const detail = `The request now reassigns ${affected} devices instead of ${expect}. Nothing was changed. Review the lines, and confirm the new number.`;
  throw new CordonError('conflict', detail, { devices: affected });
}
