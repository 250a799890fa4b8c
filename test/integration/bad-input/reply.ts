/** How bad input is answered, whether by the API or by a program. */
export interface Reply {
  /** HTTP status, or exit code. */
  readonly status: number;
  /** Of the problem and of each error in it; none from a program. */
  readonly codes: readonly string[];
  /** `line:column` of each error in documents. */
  readonly places: readonly string[];
  /** What became of the documents when they were taken. */
  readonly actions: readonly string[];
  readonly text: string;
}
