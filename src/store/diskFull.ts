/** No room: the disk, a quota, or SQLite's own word for it (SQLITE_FULL is 13). */
export const isDiskFull = (error: unknown): boolean =>
  systemCodeOf(error) === 'ENOSPC' ||
  systemCodeOf(error) === 'EDQUOT' ||
  (error instanceof Error && 'errcode' in error && error.errcode === 13);

/** The code of a system error, `ENOENT` and the like. */
export const systemCodeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;
