/**
 * What stands against a proposal. Each rule refuses as it always does, by throwing; here the refusals are kept, each with the field that it is
 * about, so that proposing says the first and a form says them all, from one and the same set of rules.
 */
import { CordonError, type ErrorCode, isCordonError } from '../../shared/errors.ts';

export interface Objection {
  /** `effective`, `areas.1`, `statement.en`; `order` and `act` are about the whole. */
  readonly field: string;
  readonly error: CordonError;
}

export class Objections {
  readonly #all: Objection[] = [];

  get all(): readonly Objection[] {
    return this.#all;
  }

  add(field: string, code: ErrorCode, detail: string, context: Record<string, unknown> = {}, cause?: unknown): void {
    this.#all.push({ field, error: new CordonError(code, detail, context, cause) });
  }

  /** Undefined when the rule refused. What is no refusal is thrown on. */
  try<T>(field: string, rule: () => T): T | undefined {
    try {
      return rule();
    } catch (error) {
      this.#keep(field, error);
      return undefined;
    }
  }

  async wait<T>(field: string, rule: () => Promise<T>): Promise<T | undefined> {
    try {
      return await rule();
    } catch (error) {
      this.#keep(field, error);
      return undefined;
    }
  }

  /** Whether anything stands against the field or a part of it. */
  about(field: string): boolean {
    return this.#all.some((each) => each.field === field || each.field.startsWith(`${field}.`));
  }

  throwFirst(): void {
    const [first] = this.#all;
    if (first) throw first.error;
  }

  #keep(field: string, error: unknown): void {
    if (!isCordonError(error)) throw error;
    this.#all.push({ field, error });
  }
}
