/**
 * Measures the longest block of the event loop in milliseconds of this thread's CPU time, because other processes may use the same core.
 * Returns a function that ends the measurement.
 */
export function longestTurn(): () => number {
  const cpu = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let longest = 0;
  let last = cpu();
  let watching = true;
  const look = () => {
    longest = Math.max(longest, cpu() - last);
    last = cpu();
    if (watching) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    watching = false;
    return longest;
  };
}
