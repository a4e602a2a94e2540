import { done } from '../../../../shared/api/wire.ts';
import { call } from './call.ts';

/** Milliseconds between two reports, shorter than the shortest idle limit of a policy (a minute). */
const REPORT_EVERY = 10_000;
const INPUTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** Tells the agent that the user uses the page, so that the session does not end. Returns the function that stops the reports. */
export function reportUse(): () => void {
  let reportedAt = 0;
  const report = () => {
    if (Date.now() - reportedAt < REPORT_EVERY) return;
    reportedAt = Date.now();
    // If the session has ended, `call` closes the page. Without an answer of the agent, the next input reports again.
    call('POST', '/session/use', done, {}).catch(() => undefined);
  };
  for (const kind of INPUTS) addEventListener(kind, report, { capture: true, passive: true });
  return () => {
    for (const kind of INPUTS) removeEventListener(kind, report, { capture: true });
  };
}
