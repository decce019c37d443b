import { type KemKeyPair, deriveKemKeyPair } from '../../crypto/hpkeSealing.ts';
import { type ClientAddress, openQuestion, sealAnswer } from '../../crypto/clientSeal.ts';
import { CarelatticeError } from '../../errors.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import type { Log, Self } from '../components.ts';
import type { Role } from '../role.ts';

/** Where patients' clients knock: sealed question in, sealed answer out. */
export type ClientDoor = (sealed: Uint8Array) => Promise<Uint8Array>;

/** @throws `OpeningFailed` when the question was not sealed to this node: there is nobody to answer to */
export function clientDoor(self: Self, role: Role, log: Log): ClientDoor {
  let keyPair: Promise<KemKeyPair> | undefined;
  const address: ClientAddress = { networkId: self.network.networkId, nodeId: self.nodeId };
  return async (sealed) => {
    keyPair ??= deriveKemKeyPair(HYBRID_SUITE, self.kemSeed);
    const { type, body, key } = await openQuestion(await keyPair, address, sealed);
    try {
      return sealAnswer(key, { body: await role.ask(type, body) });
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      log('client refused', { type, code: error.code });
      return sealAnswer(key, {
        code: error.code,
        message: error.message,
        retryable: error.retryable,
      });
    }
  };
}
