/** Remaining time as text, such as `3 days 04:12:09` or `04:12:09`. */
export function countdown(remaining: number): string {
  const seconds = Math.max(0, Math.ceil(remaining / 1_000));
  const days = Math.floor(seconds / 86_400);
  const clock = [Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return days === 0 ? clock : `${days} ${days === 1 ? 'day' : 'days'} ${clock}`;
}
