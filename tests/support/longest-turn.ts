/** The longest that this thread keeps the loop from turning, in milliseconds of its own work: others may be using this core. Calling what it gives ends the watch. */
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
