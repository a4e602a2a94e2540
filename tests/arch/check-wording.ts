/**
 * `node tests/arch/check-wording.ts [PATH …]`: prints every finding of the wording rules. It fails when a rule has more findings than
 * `LEFT` allows.
 */
import { checkFiles, checkHeadlines } from './wording.ts';
import { LEFT } from './wording-rules.ts';

const paths = process.argv.slice(2);
const findings = [...checkFiles(), ...checkHeadlines()].filter(
  ({ where }) => paths.length === 0 || paths.some((path) => where.startsWith(path)),
);
for (const { rule, where, text, advice } of findings) {
  console.log(`${where}: ${rule}: ${advice}\n    ${text.slice(0, 200)}`);
}
for (const [rule, left] of Object.entries(LEFT)) {
  const count = findings.filter((finding) => finding.rule === rule).length;
  console.log(`${rule}: ${count} of at most ${left}`);
  if (count > left) process.exitCode = 1;
}
