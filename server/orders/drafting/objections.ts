/**
 * Objections to a proposal: the errors that the rules for proposals throw, with the fields that the errors concern. The server reports all
 * objections when it checks a form, but only the first one when it creates a proposal.
 */
import { fieldErrorContext } from '../../../shared/api/field-errors.ts';
import { CordonError, type ErrorCode, isCordonError } from '../../../shared/errors.ts';

export interface Objection {
  /** Path of a field, for example `effective`, `areas.1` or `statement.en`. `order` and `action` stand for the whole proposal. */
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

  /**
   * Runs a rule. If the rule throws an error about the input, stores the error as an objection and returns undefined. Rethrows all other
   * errors.
   */
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

  about(field: string): boolean {
    return this.#all.some((each) => each.field === field || each.field.startsWith(`${field}.`));
  }

  /** Throws the first objection. The context of the error has all objections (`shared/api/field-errors.ts`). */
  throwFirst(): void {
    const [first] = this.#all;
    if (first === undefined) return;
    const { code, message, context } = first.error;
    const faults = this.#all.map(({ field, error }) => ({ path: field, words: error.message }));
    throw new CordonError(code, message, { ...context, ...fieldErrorContext(faults) }, first.error);
  }

  #keep(field: string, error: unknown): void {
    if (!isCordonError(error)) throw error;
    this.#all.push({ field, error });
  }
}
