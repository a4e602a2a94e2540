/** Symbol for a device's connection: a full circle if the device is connected, otherwise a hollow circle. */
import classes from './connection-mark.module.css';

export function ConnectionMark({ connected }: { readonly connected: boolean }) {
  return <span className={classes.mark} data-connected={connected} aria-hidden />;
}
