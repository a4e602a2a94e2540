/**
 * Objections to a proposal. Each rule throws an error, and this module collects the errors with the fields that they concern. When a
 * proposal is created, the server reports the first objection. When a form is checked, the server reports all objections.
 */
import { fieldErrorContext } from '../../../shared/api/field-errors.ts';
import { CordonError, type ErrorCode, isCordonError } from '../../../shared/errors.ts';

export interface Objection {
  /** Path of a field, such as `effective`, `areas.1` or `statement.en`. `order` and `act` mean the whole proposal. */
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

  /** Runs a rule. If the rule throws an objection, stores the objection and returns undefined. Passes on every other error. */
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

  /** True if there is an objection to the field or to a part of the field. */
  about(field: string): boolean {
    return this.#all.some((each) => each.field === field || each.field.startsWith(`${field}.`));
  }

  /** Throws the first objection with its own error code. The error's context has all objections (`shared/api/field-errors.ts`). */
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
