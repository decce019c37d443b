import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scopeKeyIdOf } from '../src/crypto/derivations.ts';
import { deriveKemKeyPair } from '../src/crypto/hpkeSealing.ts';
import { openWrap, sealWrap } from '../src/crypto/wrap.ts';
import { equalBytes, type Hex, toHex } from '../src/hash/bytes.ts';
import { openDatabase } from '../src/journal/database.ts';
import { type HeldRecord, holdingTables } from '../src/journal/holdingTables.ts';
import { sealedPackage } from '../src/node/holding/patients.ts';
import { rewrapHeld } from '../src/node/holding/rewrap.ts';
import { collect } from '../src/store/byteStream.ts';
import { openEmbeddedStore } from '../src/store/embeddedStore.node.ts';
import { HYBRID_SUITE } from '../src/wire/kemSuite.ts';
import type { ScopeEntry } from '../src/wire/scopePackage.ts';
import { type BenchPart, figure } from './figures.ts';
import { seededBytes } from './seededBytes.ts';

/**
 * How long a holder takes to seal a recovered patient's records to her new scope keys: as a hospital does it, with its
 * journal and store on disk. Each record has a wrap of its own, the dearest case: records of one hand-in share one.
 */

const RECORDS = 1000;
const RUNS = 3;
const STEP = 250;

export async function measureRewrap(progress: (line: string) => void): Promise<BenchPart> {
  progress(`sealing ${RECORDS} records to a new scope key, ${RUNS} times`);
  const times: number[] = [];
  const failures: string[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { seconds, wrong } = await oneRun(run);
    times.push(seconds);
    if (wrong > 0) failures.push(`G19: ${wrong} records do not open with the new key`);
  }
  const median = [...times].sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? null;
  const note =
    failures.length > 0
      ? 'the result was wrong, see failures'
      : `median of ${RUNS} runs (${times.map((one) => one.toFixed(2)).join(', ')} s); a wrap of its own for each record, journal and embedded store on disk, in steps of ${STEP}`;
  return {
    figures: [figure('G19', failures.length > 0 ? null : median, 's', '<= 5', note)],
    failures,
  };
}

async function oneRun(run: number): Promise<{ seconds: number; wrong: number }> {
  const random = seededBytes(`rewrap ${run}`);
  const directory = await mkdtemp(join(tmpdir(), 'carelattice-rewrap-'));
  const db = openDatabase(join(directory, 'journal.sqlite'));
  const store = await openEmbeddedStore({ directory: join(directory, 'store') });
  try {
    const holding = holdingTables(db);
    const [networkId, patientId, handle] = [0, 1, 2].map(() => toHex(random(32))) as [
      Hex,
      Hex,
      Hex,
    ]; // three of them
    const self = {
      nodeId: toHex(random(32)),
      name: 'bench',
      network: { federationId: toHex(random(32)), networkId, chainId: 1001 },
      account: toHex(random(20)),
      signingKey: random(32),
      keyEpoch: 1,
      kemKeyEpoch: 1,
      kemSeed: random(32),
      journalKey: random(32),
    };
    const scope = async (epoch: number): Promise<ScopeEntry> => {
      const privateSeed = random(32);
      const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, privateSeed);
      const { suite, bytes } = publicKey;
      return { category: 'result', handle, epoch, suite, publicKey: bytes, privateSeed };
    };
    const [old, young] = [await scope(0), await scope(1)];
    const relation = { salt: toHex(random(32)), nodeId: self.nodeId, role: 1, handles: [handle] };
    holding.putPatient({
      patientId,
      state: 'enrolled',
      seq: 1,
      relation: { ...relation, path: [] },
      package: sealedPackage(
        { self },
        {
          patientId,
          seq: 1n,
          scopes: [young, old],
          presenceEpoch: 1,
          presenceSecret: random(32),
          accessKey: random(32),
          relation,
          path: [],
        },
      ),
    });
    const author = self.nodeId;
    const oldKey = { suite: old.suite, bytes: old.publicKey };
    const secrets = Array.from({ length: RECORDS }, () => random(32));
    const anchors = secrets.map(() => toHex(random(32)));
    const wraps = await store.putMany(
      await Promise.all(
        secrets.map(async (secret, i) => ({
          owner: anchors[i] ?? '',
          source: await sealWrap(secret, oldKey, { author, networkId }),
        })),
      ),
    );
    db.transaction(() => {
      for (const [i, anchor] of anchors.entries()) {
        const record: HeldRecord = {
          anchor,
          recordId: toHex(random(16)),
          patientId,
          scopeKeyId: scopeKeyIdOf(oldKey),
          handle,
          recordSalt: toHex(random(32)),
          recordCid: `bench-record-${i}`,
          recordSize: 1,
          wrapCid: wraps[i]?.cid ?? '',
          wrapSize: wraps[i]?.size ?? 0,
          request: i + 1,
          author,
          authorKeyEpoch: 1,
          batchRoot: toHex(random(32)),
          state: 'held',
          ground: { kind: 'presence-query', request: i + 1 },
          peers: [],
          attempts: 0,
        };
        holding.addHeld(record);
      }
    });

    const began = performance.now();
    for (let left = RECORDS; left > 0;)
      ({ left } = await rewrapHeld({ self, holding, store, db }, patientId, STEP));
    const seconds = (performance.now() - began) / 1000;

    const pair = await deriveKemKeyPair(HYBRID_SUITE, young.privateSeed ?? random(32));
    let wrong = 0;
    for (const [i, anchor] of anchors.entries()) {
      const { cid = '', size = 0 } = holding.held(anchor)?.rewrap ?? {};
      const block = await collect(store.get(cid, size), size, () => new Error('too long'));
      const secret = await openWrap(block, pair, { author, networkId });
      if (!equalBytes(secret, secrets[i] ?? new Uint8Array(0))) wrong += 1;
    }
    return { seconds, wrong };
  } finally {
    await store.close();
    db.close();
    await rm(directory, { recursive: true, force: true });
  }
}
