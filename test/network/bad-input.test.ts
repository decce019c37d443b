import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Bundle, BundleEntry, Patient } from '@medplum/fhirtypes';
import { verifyManifest } from '../../src/chain/manifest.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { rejectedOutcome } from '../../src/fhir/outcome.ts';
import { createValidatorPool } from '../../src/fhir/validatorPool.node.ts';
import { type Hex, utf8 } from '../../src/hash/bytes.ts';
import { fhirReader } from '../../src/node/recording/fhirReader.ts';
import { type Accepted, submit } from '../../src/node/recording/submit.ts';
import { openHeld } from '../../src/node/holding/openHeld.ts';
import { openEmbeddedStore } from '../../src/store/embeddedStore.node.ts';
import { withdraw } from '../../src/client/enrolment/withdraw.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  clientOf,
  enrollAt,
  enrolledPatient,
  handIn,
  knownNode,
  newPatient,
  notes,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';

const URN = 'urn:uuid:7a0b6f0e-0000-4000-8000-000000000001';

describe('bad input', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  const pool = createValidatorPool({ threads: 1 });

  before(async () => {
    network = await startTestNetwork({ consensus: ['Keeper'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
  });
  after(async () => {
    await pool.close();
    await network.close();
  });

  const patientEntry = (who: Pick<TestPatient, 'identifiers'> = patient): BundleEntry<Patient> => ({
    fullUrl: URN,
    resource: { resourceType: 'Patient', identifier: who.identifiers },
  });
  const observation = (extra: object = {}): BundleEntry => ({
    resource: {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'Blood pressure' },
      subject: { reference: URN },
      ...extra,
    },
  }); // `extra` may be wrong on purpose
  const bundle = (...entry: BundleEntry[]): Bundle => ({
    resourceType: 'Bundle',
    type: 'collection',
    entry,
  });
  const bytesOf = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

  let keys = 0;
  const hand = (bytes: Uint8Array, key = `key ${++keys}`): Promise<Accepted> =>
    submit(
      network.node('North').open.components,
      fhirReader((given) => pool.validate(given)),
      bytes,
      key,
    );

  /** All that a submission may change. */
  async function stateAtNorth(): Promise<string> {
    const { components } = network.node('North').open;
    const contents: string[] = [];
    for await (const { cid, state } of components.store.list()) contents.push(`${cid} ${state}`);
    const count = (table: string): unknown =>
      components.db.get(`SELECT COUNT(*) AS n FROM ${table}`);
    return JSON.stringify([
      contents.sort(),
      ...['submission', 'authored', 'batch', 'tx'].map(count),
    ]);
  }

  interface Refusal {
    title: string;
    bytes: () => Uint8Array;
    code: string;
    path?: string;
    issue?: string;
  }
  const refusals: Refusal[] = [
    { title: 'nothing', bytes: () => new Uint8Array(), code: 'FhirRejected', issue: 'structure' },
    {
      title: 'malformed JSON',
      bytes: () => utf8('{"resourceType":"Bundle","entry":[}'),
      code: 'FhirRejected',
      issue: 'structure',
    },
    {
      title: 'bytes that are no UTF-8',
      bytes: () => Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d),
      code: 'FhirRejected',
      issue: 'structure',
    },
    {
      title: 'a resource that is no Bundle',
      bytes: () => bytesOf({ resourceType: 'Patient' }),
      code: 'FhirRejected',
      path: 'Bundle',
      issue: 'structure',
    },
    {
      title: 'an empty bundle',
      bytes: () => bytesOf(bundle()),
      code: 'FhirRejected',
      path: 'Bundle.entry',
      issue: 'required',
    },
    {
      title: 'an invalid resource',
      bytes: () => bytesOf(bundle(patientEntry(), observation({ status: 'nonsense' }))),
      code: 'FhirRejected',
      path: 'Bundle.entry[1].resource.status',
    },
    {
      title: 'a wrong type in a field',
      bytes: () => bytesOf(bundle(patientEntry(), observation({ note: 'a text' }))),
      code: 'FhirRejected',
      path: 'Bundle.entry[1].resource.note',
    },
    {
      title: 'two patients in one bundle',
      bytes: () => bytesOf(bundle(patientEntry(), patientEntry(), observation())),
      code: 'FhirRejected',
      path: 'Bundle.entry[1].resource',
      issue: 'business-rule',
    },
    {
      title: 'clinical content without a patient',
      bytes: () => bytesOf(bundle(observation())),
      code: 'FhirRejected',
      path: 'Bundle.entry[0].resource',
    },
    {
      title: 'an unknown patient',
      bytes: () =>
        bytesOf(
          bundle(patientEntry({ identifiers: [{ system: 'urn:x', value: '1' }] }), observation()),
        ),
      code: 'PatientUnknown',
    },
    {
      title: 'a patient without any identifier',
      bytes: () =>
        bytesOf(bundle({ fullUrl: URN, resource: { resourceType: 'Patient' } }, observation())),
      code: 'PatientUnknown',
    },
    {
      title: '100 MB that are no JSON',
      bytes: () => new Uint8Array(100 << 20).fill(0x20),
      code: 'FhirRejected',
    },
    {
      title: 'more than 128 MiB',
      bytes: () => new Uint8Array((128 << 20) + 1),
      code: 'FhirRejected',
      issue: 'too-costly',
    },
    {
      title: 'JSON as deep as it gets',
      bytes: () => utf8(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
      code: 'FhirRejected',
    },
  ];

  for (const { title, bytes, code, path, issue } of refusals) {
    it(`${title}: ${code}${path === undefined ? '' : ` at ${path}`}, and nothing is kept`, async () => {
      const before = await stateAtNorth();
      const error = await hand(bytes()).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (!(error instanceof CarelatticeError)) throw new Error(`not refused: ${String(error)}`);
      expect(error.code).to.equal(code);
      if (code === 'FhirRejected') {
        const outcome = rejectedOutcome(error);
        expect(outcome?.resourceType).to.equal('OperationOutcome');
        expect(outcome?.issue.length).to.be.greaterThan(0);
      }
      if (path !== undefined) expect(String(error.facts['path'])).to.equal(path);
      if (issue !== undefined) expect(error.facts['issue']).to.equal(issue);
      expect(await stateAtNorth()).to.equal(before);
    });
  }

  it('identifiers of two patients: PatientAmbiguous', async () => {
    const other = await enrolledPatient(network, ['North']);
    const both = { identifiers: [...patient.identifiers, ...other.identifiers] };
    const bytes = bytesOf(bundle(patientEntry(both), observation()));
    expect(await codeOf(() => hand(bytes))).to.equal('PatientAmbiguous');
  });

  it('a patient who is not enrolled here yet, or any more: PatientNotEnrolled', async () => {
    const own = newPatient(network);
    await enrollAt(network, own, ['North']);
    const bytes = bytesOf(bundle(patientEntry(own), observation()));
    expect(await codeOf(() => hand(bytes))).to.equal('PatientNotEnrolled');
    await network.settle();
    await withdraw(own.wallet, own.network, clientOf(network), knownNode(network, 'North'));
    await network.settle();
    expect(await codeOf(() => hand(bytes))).to.equal('PatientNotEnrolled');
  });

  it('a patient enrolled elsewhere only: PatientUnknown', async () => {
    const own = await enrolledPatient(network, ['South']);
    const bytes = bytesOf(bundle(patientEntry(own), observation()));
    expect(await codeOf(() => hand(bytes))).to.equal('PatientUnknown');
  });

  it('a key that was used for another bundle: SubmissionConflict; for the same one the same answer', async () => {
    const first = bytesOf(bundle(patientEntry(), observation()));
    const accepted = await hand(first, 'used');
    const other = bytesOf(bundle(patientEntry(), observation({ status: 'amended' })));
    expect(await codeOf(() => hand(other, 'used'))).to.equal('SubmissionConflict');
    expect(await hand(first, 'used')).to.deep.equal(accepted);
  });

  it('the same bundle twice at once under one key is stored once', async () => {
    const bytes = bytesOf(bundle(patientEntry(), observation()));
    const both = await Promise.allSettled([hand(bytes, 'twice'), hand(bytes, 'twice')]);
    const anchors = both.flatMap((one) =>
      one.status === 'fulfilled' ? one.value.submission.anchors : [],
    );
    expect(new Set(anchors).size).to.equal(1);
    for (const one of both)
      if (one.status === 'rejected') expect(one.reason).to.be.instanceOf(CarelatticeError);
  });

  it('a binary attachment goes the whole way, byte for byte', async () => {
    const data = Buffer.from(Uint8Array.from({ length: 5_000 }, (_, i) => (i * 7) & 255));
    const attachment = { contentType: 'application/pdf', data: data.toString('base64') };
    const document = {
      resource: {
        resourceType: 'DocumentReference',
        status: 'current',
        subject: { reference: URN },
        content: [{ attachment }],
      },
    } as BundleEntry; // FHIR R4
    const { records } = await hand(bytesOf(bundle(patientEntry(), document)));
    await network.settle();
    const { components } = network.node('South').open;
    const held = components.holding.held(records[0]?.anchor ?? '0x');
    if (held === undefined) throw new Error('South holds the document');
    const pieces: Uint8Array[] = [];
    for await (const piece of (await openHeld(components, held)).body) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).to.include(data.toString('base64'));
  });

  it('a full store: StoreFull, nothing is kept, and with room the same bundle is taken', async () => {
    const north = network.node('North');
    await north.stop();
    const directory = join(north.directory, 'store');
    await north.start({ store: await openEmbeddedStore({ directory, limitBytes: 1 }) });
    const before = await stateAtNorth();
    const bytes = bytesOf(bundle(patientEntry(), observation()));
    expect(await codeOf(() => hand(bytes, 'full'))).to.equal('StoreFull');
    expect(await stateAtNorth()).to.equal(before);
    await north.stop();
    await north.start();
    expect((await hand(bytes, 'full')).records).to.have.length(1);
  });

  it('a damaged block: reading refuses, scrubbing finds it and pulls it from another holder', async () => {
    const { records } = await handIn(network, 'North', patient, [
      { category: 'document', text: 'y'.repeat(400_000) },
    ]);
    await network.settle();
    const anchor: Hex = records[0]?.anchor ?? '0x';
    const south = network.node('South');
    const { components } = south.open;
    const held = components.holding.held(anchor);
    if (held === undefined) throw new Error('South holds the document');
    await damage(join(south.directory, 'store'), held.recordCid);
    const read = async (): Promise<number> => {
      let size = 0;
      for await (const piece of components.store.get(held.recordCid, held.recordSize))
        size += piece.length;
      return size;
    };
    expect(await codeOf(read)).to.equal('ContentCorrupt');
    expect(await codeOf(() => openHeld(components, held))).to.equal('ContentCorrupt');
    const ground = JSON.stringify(held.ground);
    const report = await components.store.scrub({
      holdersOf: async () => [components.gateway(network.node('North').self.nodeId, () => ground)],
    });
    expect(report.damaged).to.deep.equal([held.recordCid]);
    expect(report.healed).to.deep.equal([held.recordCid]);
    expect(await read()).to.equal(held.recordSize);
  });

  async function damage(folder: string, cid: string): Promise<void> {
    const files = await readdir(folder, { recursive: true });
    const [name] = files.filter((file) => file.endsWith(cid));
    if (name === undefined) throw new Error('a large block is a file of its own');
    const path = join(folder, name);
    expect((await stat(path)).size).to.be.greaterThan(100_000);
    const bytes = await readFile(path);
    bytes[1_000] = (bytes[1_000] ?? 0) ^ 1;
    await writeFile(path, bytes);
  }

  describe('a manifest', () => {
    const verify = (change: object): Promise<string> =>
      codeOf(() => verifyManifest({ ...network.manifest, ...change }, network.chain.rpc));
    const withLocator = (change: object): object => ({
      contracts: {
        ...network.manifest.contracts,
        RecordLocator: { ...network.manifest.contracts.RecordLocator, ...change },
      },
    });

    it('of this chain is taken', async () => {
      expect(await verify({})).to.equal('none');
    });
    it('of another chain id: WrongChain', async () => {
      expect(await verify({ chainId: 1002 })).to.equal('WrongChain');
    });
    it('whose address has no code: NoContractCode', async () => {
      expect(await verify(withLocator({ address: `0x${'77'.repeat(20)}` }))).to.equal(
        'NoContractCode',
      );
    });
    it('of a chain that was started anew, or of other code: StaleManifest', async () => {
      expect(await verify({ genesisHash: `0x${'77'.repeat(32)}` })).to.equal('StaleManifest');
      expect(await verify(withLocator({ bytecodeHash: `0x${'77'.repeat(32)}` }))).to.equal(
        'StaleManifest',
      );
    });
  });

  it('after all of this a good bundle is stored, settled and held', async () => {
    const { records } = await handIn(network, 'North', patient, notes(1));
    await network.settle();
    const { holding } = network.node('South').open.components;
    expect(holding.held(records[0]?.anchor ?? '0x')?.state).to.equal('held');
    expect(network.nodes.flatMap(({ open }) => open.components.holding.alarms())).to.deep.equal([]);
  });
});
