/**
 * How a statement is worded: `vectors/statements/<template>.<language>.json` holds each one for other implementations,
 * and the tests compare both. A template never changes once it was signed with: a new wording is a new number.
 */
export interface StatementTemplate {
  readonly template: number;
  readonly language: string;
  /** The struct it words. */
  readonly struct: 'Consent' | 'Guardianship';
  readonly dates: {
    /** Of `{year}`, `{month}`, `{day}` and `{time}` (UTC, 24 hours, seconds where they are not zero). */
    readonly form: string;
    readonly months: readonly string[];
  };
  readonly lists: {
    readonly between: string;
    /** Before the last item of an exception, where one of the items is enough. */
    readonly either: string;
    /** For ids beyond the first eight: `{list}`, `{count}`. Words and names are never counted. */
    readonly more: string;
  };
  /** Around names and codes that are no words of the template: `{text}`. */
  readonly quoted: string;
  readonly words: {
    readonly purpose: Readonly<Record<string, string>>;
    readonly category: Readonly<Record<string, string>>;
    readonly label: Readonly<Record<string, string>>;
    readonly role: Readonly<Record<string, string>>;
  };
  /** The lists of an exception as `{list}`, those that are not empty in this order, joined by `between`. */
  readonly exception: {
    readonly categories: string;
    readonly labels: string;
    readonly records: string;
    readonly readers: string;
    readonly between: string;
  };
  /** One line each where its case is given, in this order, joined by a line feed. */
  readonly lines: readonly { readonly when: StatementCase; readonly text: string }[];
}

/** When a line is written; `exception` is written once for each. */
export type StatementCase =
  | 'always'
  | 'oneReader'
  | 'anyReader'
  | 'own'
  | 'delegated'
  | 'labels'
  | 'noLabels'
  | 'records'
  | 'authors'
  | 'dataFrom'
  | 'dataTo'
  | 'exception';
