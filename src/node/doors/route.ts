/** One request at a door. */
export interface DoorRequest {
  readonly method: string;
  /** As sent, still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case; a header that came twice is joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** The body in pieces. Throws `BodyTooLong` above the route's limit, `BodyTooSlow`. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** The whole body. @throws `BodyTooLong`, `BodyTooSlow` */
  body(): Promise<Uint8Array>;
}

export interface DoorResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream that throws cuts the connection, so that nobody takes the part for the whole. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** With a slash at its end everything below it, else this path only. */
  readonly path: string;
  /** Bytes of a request body; 0 for none. */
  readonly maxBodyBytes: number;
  /** An error is answered by its code: 401 for `Unauthorized`, 413 and 415 for the door's own, else 500. */
  handle(request: DoorRequest): Promise<DoorResponse>;
}

const fits = (route: Route, path: string): boolean =>
  route.path.endsWith('/') ? path.startsWith(route.path) : path === route.path;

/** The route of a request, or the methods this path knows: none when there is no such path. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): Route | readonly string[] {
  const fitting = routes.filter((route) => fits(route, path));
  return fitting.find((route) => route.method === method) ?? fitting.map((route) => route.method);
}
