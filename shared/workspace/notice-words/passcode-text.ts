/** `{length}`, `{minutes}`, `{attempts}` and `{count}` stand for numbers. */
export interface PasscodeWords {
  readonly title: string;
  readonly mustSet: string;
  readonly why: string;
  readonly rule: string;
  readonly passcode: string;
  readonly current: string;
  readonly next: string;
  readonly repeat: string;
  readonly different: string;
  readonly set: string;
  readonly waits: string;
  readonly waitsText: string;
  readonly enter: string;
  readonly wrong: string;
  readonly remaining: string;
  readonly closed: string;
  readonly isOpen: string;
  readonly tooShort: string;
  readonly change: string;
  readonly lock: string;
  readonly remove: string;
  readonly mayRemove: string;
  readonly notRequired: string;
  readonly unavailable: string;
  readonly forgotten: string;
  readonly privacy: string;
}
