/** Firewall rules in the output of nft and iptables: whether they block incoming connections by default. The functions are pure. */
import { z } from 'zod';

export interface FirewallState {
  readonly blocks: boolean;
  readonly detail: string;
}

const rulesetSchema = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({
          family: z.string(),
          table: z.string(),
          name: z.string(),
          hook: z.string().optional(),
          policy: z.string().optional(),
        })
        .optional(),
      rule: z
        .object({
          family: z.string(),
          table: z.string(),
          chain: z.string(),
          expr: z.array(z.record(z.string(), z.unknown())),
        })
        .optional(),
    }),
  ),
});

/** Parses the output of `nft --json list ruleset`. */
export function parseNftables(output: string): FirewallState {
  const { nftables } = rulesetSchema.parse(JSON.parse(output));
  const rules = nftables.flatMap(({ rule }) => rule ?? []);
  const inputs = nftables.flatMap(({ chain }) => (chain?.hook === 'input' ? [chain] : []));
  const blocked = new Set(
    inputs
      .filter(({ family, table, name, policy }) => {
        if (policy === 'drop') return true;
        const last = rules.findLast((rule) => rule.family === family && rule.table === table && rule.chain === name);
        return last !== undefined && rejectsAll(last.expr);
      })
      .map(({ family }) => family),
  );
  if (blocked.has('inet') || (blocked.has('ip') && blocked.has('ip6'))) {
    return { blocks: true, detail: 'nftables blocks incoming connections by default.' };
  }
  const [only] = ['ip', 'ip6'].filter((family) => blocked.has(family));
  if (only) return { blocks: false, detail: `nftables blocks incoming connections only for ${only}.` };
  return {
    blocks: false,
    detail:
      inputs.length === 0 ? 'nftables has no chain for input.' : 'nftables accepts incoming connections by default.',
  };
}

/** True for a rule without a condition that drops or rejects. */
const rejectsAll = (expressions: readonly Readonly<Record<string, unknown>>[]): boolean =>
  expressions.every((each) => ['counter', 'log', 'drop', 'reject'].some((name) => name in each)) &&
  expressions.some((each) => 'drop' in each || 'reject' in each);

/** Parses the output of `iptables -S INPUT`. */
export function parseIptables(output: string): boolean {
  const lines = output.trim().split('\n');
  return lines.includes('-P INPUT DROP') || /^-A INPUT -j (DROP|REJECT)( --reject-with \S+)?$/.test(lines.at(-1) ?? '');
}
