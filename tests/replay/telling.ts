/** Report of a step and its result: a line for people, a line of JSON for programs. */
import type { Outcome } from './player.ts';
import type { Step, Timeline } from './timeline.ts';

/** Subject of a step, in words. */
export function describeStep(step: Step): string {
  if ('is' in step) return `"${step.text}" is ${step.is}${step.order === undefined ? '' : ` by ${step.order}`}`;
  if ('texts' in step) return `${step.label} has ${step.texts.map((text) => `"${text}"`).join(', ') || 'got nothing'}`;
  if ('workspace' in step) {
    return `${step.label}: workspace ${step.workspace}, ${step.enrolled ? 'enrolled' : 'enrollment ended'}`;
  }
  if (!('do' in step)) {
    const services = Object.entries(step.services).map(([service, state]) => `${service} ${state}`);
    const by = step.order === undefined ? '' : ` by ${step.order}`;
    const because = step.because === undefined ? '' : ` because ${step.because}`;
    const see = step.see === 'both' ? '' : ` (as the ${step.see} sees it)`;
    return `${step.label}: ${services.join(', ')}${by}${because}${see}`;
  }
  switch (step.do) {
    case 'draw':
      return `draw ${step.polygon} through ${step.corners.join(' ')}`;
    case 'ip-database':
      return `activate the IP database ${step.database} ${JSON.stringify(step.puts)}`;
    case 'rollback':
      return 'activate the previous IP database';
    case 'policy':
      return `policy ${JSON.stringify(step.territories)}`;
    case 'move':
      return `move ${step.label} ${JSON.stringify(step.evidence)}${step.home ? `, home ${step.home}` : ''}`;
    case 'offline':
    case 'online':
    case 'restart':
      return `${step.do} ${step.label}`;
    case 'legal-hold':
      return `${step.released ? 'release the legal hold' : 'a legal hold'} on ${step.label}`;
    case 'clock':
      return `clock ${step.label} ${step.offset}`;
    case 'send':
      return `send "${step.text}" from ${step.from} to ${step.to}`;
    case 'mail':
      return `mail "${step.text}" from ${step.from} to ${step.to}`;
    case 'crash':
      return `crash ${step.who}`;
    case 'stop':
    case 'start':
      return `${step.do} the server`;
    case 'propose':
      return `propose ${step.order}: ${step.services.join(', ')} in ${step.areas.join(', ')} from ${step.effective}`;
    case 'extend':
      return `extend ${step.order} to ${step.effective}`;
    case 'approve':
      return `approve ${step.order}${step.by ? ` by ${step.by.join(', ')}` : ''}`;
    default:
      return `${step.do} ${step.order}`;
  }
}

export function narrate(timeline: Timeline, { step, failure, unmet, refused, milliseconds }: Outcome): string {
  const mark = failure === null ? '✓' : '✗';
  const head = `  ${mark} ${String(step.number).padStart(2)}  ${step.said}  ${describeStep(step)}`;
  if (failure === null) return `${head}${refused === null ? '' : ` — refused: ${refused}`}  ${milliseconds} ms`;
  const [first] = unmet;
  const lines = [`${head}`, `        step ${step.number} of ${timeline.name}: ${failure}`];
  if (first && 'label' in step) {
    const orders = first.orders.length > 0 ? ` by ${first.orders.join(', ')}` : '';
    lines.push(
      `        device    ${first.device} (${step.label} ${first.which}), as the ${first.see} sees it`,
      `        expected  ${first.service} ${first.expected}`,
      `        got       ${first.got}${orders}`,
      `        reasons   ${first.reasons.join(', ') || 'none'}`,
    );
    const others = new Set(unmet.map(({ device }) => device)).size - 1;
    if (others > 0) lines.push(`        and so with ${others} more`);
  }
  return lines.join('\n');
}

export function record(
  file: string,
  timeline: Timeline,
  { step, failure, unmet, refused, milliseconds }: Outcome,
): string {
  return JSON.stringify({
    file,
    timeline: timeline.name,
    step: step.number,
    at: new Date(step.at).toISOString(),
    what: describeStep(step),
    holds: failure === null,
    refused,
    milliseconds,
    ...(failure === null ? {} : { failure, unmet }),
  });
}
