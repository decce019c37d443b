import { MAX_FRAME } from '../../courier/frames.ts';
import { COURIER_PATH } from '../../courier/httpsTransport.node.ts';
import type { Receive } from '../../courier/receive.ts';
import type { Route } from './route.ts';

/** `POST /courier`: one frame in, one frame out; who may send what is decided inside the frames. */
export const courierRoute = (receive: Receive): Route => ({
  method: 'POST',
  path: COURIER_PATH,
  maxBodyBytes: MAX_FRAME,
  async handle(request) {
    return {
      status: 200,
      headers: { 'content-type': 'application/octet-stream' },
      body: await receive(await request.body()),
    };
  },
});
