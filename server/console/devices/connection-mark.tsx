/** Connection mark: full or hollow, beside its text. */
import classes from './connection-mark.module.css';

export function ConnectionMark({ connected }: { readonly connected: boolean }) {
  return <span className={classes.mark} data-connected={connected} aria-hidden />;
}
