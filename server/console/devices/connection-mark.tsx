/** Symbol for a device's connection: a full circle for a connected device, a hollow circle for a disconnected device. */
import classes from './connection-mark.module.css';

export function ConnectionMark({ connected }: { readonly connected: boolean }) {
  return <span className={classes.mark} data-connected={connected} aria-hidden />;
}
