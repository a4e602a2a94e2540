import { describe, expect, it } from 'vitest';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { chooseCommand } from './choose-command.ts';
import type { StoredCommand } from './commands.ts';

const NOON = new Date(2026, 10, 29, 12, 0).getTime();
const CLOSED = { from: '22:00', to: '23:00' };

const stored = (
  kind: 'refresh-inventory' | 'restart-agent' | 'wipe-workspace',
  rest: Partial<StoredCommand & { started: boolean }> = {},
) => ({
  id: newCommandId(),
  command: { kind },
  expires: NOON + 1,
  started: false,
  ...rest,
});

describe('the next command', () => {
  it('is a wipe before an older refresh, and the oldest among equal priorities', () => {
    const [refresh, first, second, wipe] = [
      stored('refresh-inventory'),
      stored('restart-agent'),
      stored('restart-agent'),
      stored('wipe-workspace'),
    ];
    expect(chooseCommand([refresh, first, second, wipe], NOON)).toBe(wipe);
    expect(chooseCommand([refresh, first, second], NOON)).toBe(first);
    const urgent = stored('refresh-inventory', { priority: 'high' });
    expect(chooseCommand([first, urgent], NOON)).toBe(urgent);
    expect(chooseCommand([], NOON)).toBeNull();
  });

  it('waits for its window, unless it has started or has expired', () => {
    const waiting = stored('wipe-workspace', { window: CLOSED });
    const refresh = stored('refresh-inventory');
    expect(chooseCommand([waiting], NOON)).toBeNull();
    expect(chooseCommand([waiting, refresh], NOON)).toBe(refresh);
    expect(chooseCommand([waiting], NOON + 1)).toBe(waiting);
    const started = stored('restart-agent', { window: CLOSED, started: true });
    expect(chooseCommand([started], NOON)).toBe(started);
  });
});
