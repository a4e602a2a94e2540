/**
 * Figures of MeshCentral on one server core, measured beside Cordon on 2026-11-27 on one machine. Later runs do not measure MeshCentral
 * again, so only orders of magnitude are comparable.
 */

export const PEER = { name: 'MeshCentral', measured: '2026-11-27' } as const;

/** Figures by name of the benchmark, in the benchmark's unit. */
export const PEER_FIGURES: Readonly<Record<string, { readonly figure: string; readonly note?: string }>> = {
  'connect-full': { figure: '72' },
  'connect-resumed': { figure: '134' },
  'memory-idle': { figure: '43' },
  'fan-out': { figure: '44–48', note: 'not durable' },
};

/** Line below the result of a benchmark; null if MeshCentral was not measured. */
export function peerLine(name: string, unit: string): string | null {
  const peer = PEER_FIGURES[name];
  if (!peer) return null;
  const note = peer.note ? `, ${peer.note}` : '';
  return `${PEER.name} on ${PEER.measured}: ${peer.figure} ${unit}${note}`;
}
