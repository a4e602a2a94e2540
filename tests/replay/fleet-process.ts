/** Simulated devices in a process of their own, so that a crash affects only them. */
import { mortalWrites } from '../support/mortal-writes.ts';
import type { Drive } from './drive.ts';
import { serve } from './rpc.ts';
import type { World } from './simulated-device.ts';
import { type FleetStart, SimulatedFleet, type Which } from './simulated-fleet.ts';
import type { Evidence } from './timeline.ts';

let opened: SimulatedFleet | null = null;

function fleet(): SimulatedFleet {
  if (!opened) throw new Error('no fleet has been opened here');
  return opened;
}

const handlers = {
  ...mortalWrites,
  open(start: FleetStart) {
    opened = new SimulatedFleet(start);
    return null;
  },
  /** Stops the devices, so that the process can open another fleet. */
  async end(_: null) {
    await opened?.end();
    opened = null;
    return null;
  },
  enroll: ({ links }: { links: readonly (Which & { readonly link: string })[] }) => fleet().enroll(links),
  launch: (_: null) => fleet().launch(),
  jump: ({ to }: { to: Drive }) => fleet().jump(to),
  wake: (_: null) => fleet().wake(),
  tick: (_: null) => fleet().tick(),
  live: (_: null) => fleet().live(),
  look: (_: null) => fleet().look(),
  move: ({ label, evidence, addresses }: { label: string; evidence: Evidence; addresses: readonly string[] }) =>
    fleet().move(label, evidence, addresses),
  network: ({ label, online }: { label: string; online: boolean }) => fleet().network(label, online),
  clock: ({ label, offset }: { label: string; offset: number }) => fleet().setClock(label, offset),
  reboot: ({ label, boot }: { label: string; boot: World['boot'] }) => fleet().reboot(label, boot),
  write: ({ to, text, ...from }: Which & { to: string; text: string }) => fleet().write(from, to, text),
  said: ({ text, ...where }: Which & { text: string }) => fleet().said(where, text),
  received: (where: Which) => fleet().received(where),
  messaging: (which: Which) => fleet().messaging(which),
  mail: ({ from, to, text, ...which }: Which & { from: string; to: string; text: string }) =>
    fleet().mail(which, { from, to, text }),
  mails: (which: Which) => fleet().mails(which),
  mailState: (which: Which) => fleet().mailState(which),
  progress: (_: null) => fleet().progress,
  restless: ({ list }: { list: number }) => fleet().restless(list),
  states: ({ label }: { label: string }) => fleet().states(label),
};
export type FleetHandlers = typeof handlers;

serve(handlers);
