import type { ClientTransport } from '../../../../src/client/ask.ts';
import type { NetworkWay } from '../../../../src/client/consent/revoke.ts';
import { openQuestion, sealAnswer, type ClientAnswer } from '../../../../src/crypto/clientSeal.ts';
import { deriveKemKeyPair } from '../../../../src/crypto/hpkeSealing.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import type { KnownNode } from '../../../../src/domain/knownNode.ts';
import { concat, type Hex, toHex, ZERO_32 } from '../../../../src/hash/bytes.ts';
import {
  decodeMessage,
  patientMessage,
  type PatientMessage,
} from '../../../../src/wire/messages.ts';
import { HYBRID_SUITE } from '../../../../src/wire/kemSuite.ts';

/** A consensus node that only keeps what patients' programs send it. */
export async function consensusStandIn(
  networkId: Hex,
  refusal?: Exclude<ClientAnswer, { body: Uint8Array }>,
): Promise<NetworkWay & { readonly taken: PatientMessage[] }> {
  const keyPair = await deriveKemKeyPair(HYBRID_SUITE, randomBytes(32));
  const { suite, bytes } = keyPair.publicKey;
  const consensus: KnownNode = {
    nodeId: toHex(randomBytes(32)),
    role: 'consensus',
    name: 'Consensus',
    account: `0x${'11'.repeat(20)}`,
    keyEpoch: 1,
    kemKey: toHex(concat(Uint8Array.of(suite), bytes)),
    kemKeyEpoch: 1,
    tlsKeyHash: ZERO_32,
    endpoint: 'https://127.0.0.1:1',
    position: 0,
    state: 'admitted',
    activeFrom: 0,
    formerAccounts: [],
  };
  const taken: PatientMessage[] = [];
  const transport: ClientTransport = {
    async ask({ nodeId }, sealed) {
      const { body, key } = await openQuestion(keyPair, { networkId, nodeId }, sealed);
      if (refusal !== undefined) return sealAnswer(key, refusal);
      taken.push(decodeMessage(patientMessage, body));
      return sealAnswer(key, { body: new Uint8Array(0) });
    },
  };
  return { transport, consensus, taken };
}
