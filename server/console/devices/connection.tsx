/** Whether a device is connected, as a shape: full or hollow. Its words stand beside it. */
import classes from './connection.module.css';

export function ConnectionMark({ connected }: { readonly connected: boolean }) {
  return <span className={classes.mark} data-connected={connected} aria-hidden />;
}
