import { createServer } from 'node:net';
import { CarelatticeError } from '../errors.ts';
import { isRefusedPort } from '../node/doors/refusedPorts.ts';

/** @throws `PortRefused` for a port that fetch never opens, whoever listens there */
export function requireUsablePort(port: number): void {
  if (isRefusedPort(port)) {
    throw new CarelatticeError(
      'PortRefused',
      'browsers and Node refuse this port; choose another',
      {
        facts: { port },
      },
    );
  }
}

export const portInUse = (port: number, cause?: unknown): CarelatticeError =>
  new CarelatticeError(
    'PortInUse',
    'something listens on this port already; stop it or choose another',
    {
      facts: { port },
      cause,
    },
  );

/** @throws `PortRefused`, `PortInUse` when something on loopback listens there */
export async function requireFreePort(port: number): Promise<void> {
  requireUsablePort(port);
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error) => reject(portInUse(port, error)));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
}
