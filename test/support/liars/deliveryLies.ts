import { withdraw } from '../../../src/client/enrolment/withdraw.ts';
import { signDigest } from '../../../src/crypto/signatures.ts';
import { tableOf, withEntries } from '../../../src/domain/sharingTable.ts';
import { type Hex, toHex } from '../../../src/hash/bytes.ts';
import { merkleRoot } from '../../../src/hash/merkleTree.ts';
import type { LocalNetwork } from '../../../src/localnet/network.ts';
import type { DeliveryChecks } from '../../../src/node/holding/deliveryChecks.ts';
import { handleLeaf } from '../../../src/wire/leaves.ts';
import type { DeliveryList, PatientEntry } from '../../../src/wire/messages.ts';
import { typedDigest } from '../../../src/wire/typedData.ts';
import { activeNode, clientOf, enrollAt, knownNode, type TestPatient } from '../edgeNetwork.ts';
import { flipped, lieInDeliveries, replaced } from '../hostileNetwork.ts';

/** What a consensus node may say that is not so, each with the check of South that catches it. */

type Batch = DeliveryList['batches'][number];
type Entry = DeliveryList['entries'][number];
type Patient = DeliveryList['patients'][number];

/** What a lie needs to be told. */
export interface Scene {
  patient: TestPatient;
  /** Anchors of what was stored before the lie. */
  earlier: readonly Hex[];
}
export interface Lie {
  title: string;
  check: keyof DeliveryChecks;
  code: string;
  /** Where the patient is enrolled; default North, the author, and South. */
  at?: readonly string[];
  /** Other checks that catch it too and are out in both runs. */
  alsoWithout?: readonly (keyof DeliveryChecks)[];
  /** What catches it behind the check, if anything does. */
  next?: string;
  /** Begins to lie; returns what ends it. */
  tell(scene: Scene): Promise<() => void> | (() => void);
}

const ofFirst = <T>(items: readonly T[], change: (item: T) => T): T[] =>
  items.map((item, i) => (i === 0 ? change(item) : item));

const invented = (entry: Entry): Entry => ({
  ...entry,
  anchor: flipped(entry.anchor),
  recordId: flipped(entry.recordId),
});

export function deliveryLies(network: LocalNetwork): Lie[] {
  const inList = (change: (list: DeliveryList) => DeliveryList) => () =>
    lieInDeliveries(network, network.node('South').self.nodeId, (list) =>
      list.entries.length === 0 ? list : change(list),
    );
  const inBatch = (change: (batch: Batch) => Batch) =>
    inList((list) => ({ ...list, batches: ofFirst(list.batches, change) }));
  const inPatient = (change: (patient: Patient) => Patient) =>
    inList((list) => ({ ...list, patients: ofFirst(list.patients, change) }));

  /** Alters the entries of the sharing table while they are sealed, so that all roots are true to the lie. */
  const inTable =
    (kind: 'seal' | 'relations', change: (entry: PatientEntry, scene: Scene) => PatientEntry) =>
    (scene: Scene) => {
      const { consensus } = activeNode(network).open.components;
      return replaced(consensus, 'addChange', (honest) => (given) => {
        if (given.kind !== kind) return honest(given);
        const after = given.after.map((entry) =>
          entry.patientId === scene.patient.network.patientId ? change(entry, scene) : entry,
        );
        const { root } = withEntries(tableOf(consensus.entries()), after);
        return honest({ ...given, after, newRoot: root });
      });
    };

  const withHandles = (entry: PatientEntry, handles: PatientEntry['handles']): PatientEntry => ({
    ...entry,
    handles,
    leaf: { ...entry.leaf, handlesRoot: toHex(merkleRoot(handles.map(handleLeaf))) },
  });

  const foreignSignature = (batch: Batch): Hex => {
    const { federationId, networkId, chainId } = network.node('East').self.network;
    return signDigest(
      network.node('East').self.signingKey,
      typedDigest('RecordBatch', federationId, {
        networkId,
        chainId: BigInt(chainId),
        author: batch.author,
        keyEpoch: batch.keyEpoch,
        batchRoot: batch.batchRoot,
      }),
    );
  };

  return [
    {
      title: 'shows the list under another salt than sealed',
      check: 'listIsPromised',
      code: 'DeliveryNotPromised',
      tell: inList((list) => ({ ...list, salt: flipped(list.salt) })),
    },
    {
      title: 'changes the order of the records of a category',
      check: 'historyGrows',
      code: 'HistoryShort',
      tell: inList((list) => ({ ...list, entries: list.entries.toReversed() })),
    },
    {
      title: 'adds an entry that the seal does not promise',
      check: 'listIsPromised',
      code: 'DeliveryNotPromised',
      tell: inList((list) => ({
        ...list,
        entries: [...list.entries, ...ofFirst(list.entries.slice(0, 1), invented)],
      })),
      alsoWithout: ['historyGrows', 'batchIsAuthors'],
    },
    {
      title: 'leaves an entry out',
      check: 'listIsPromised',
      code: 'DeliveryNotPromised',
      tell: inList((list) => ({ ...list, entries: list.entries.slice(0, -1) })),
      alsoWithout: ['historyGrows'],
    },
    {
      title: "alters the patient's new leaf",
      check: 'patientIsProven',
      code: 'LeafNotProven',
      tell: inPatient((patient) => ({
        ...patient,
        after: { ...patient.after, salt: flipped(patient.after.salt) },
      })),
    },
    {
      title: "alters the patient's old leaf",
      check: 'patientIsProven',
      code: 'LeafNotProven',
      tell: inPatient((patient) => ({
        ...patient,
        ...(patient.before === undefined
          ? {}
          : { before: { ...patient.before, salt: flipped(patient.before.salt) } }),
      })),
    },
    {
      title: 'hides that there was a leaf before',
      check: 'patientIsProven',
      code: 'LeafNotProven',
      tell: inPatient(({ before: _, ...patient }) => patient),
    },
    {
      title: 'alters a handle in the new leaf',
      check: 'patientIsProven',
      code: 'HandleNotProven',
      tell: inPatient((patient) => ({
        ...patient,
        afterHandles: ofFirst(patient.afterHandles, (handle) => ({
          ...handle,
          salt: flipped(handle.salt),
        })),
      })),
    },
    {
      title: 'shows a relation that the patient did not sign',
      check: 'relationStands',
      code: 'RelationNotProven',
      tell: inPatient((patient) => ({
        ...patient,
        relation: { ...patient.relation, salt: flipped(patient.relation.salt) },
      })),
    },
    {
      title: 'keeps a node in the table from which the patient withdrew',
      check: 'relationStands',
      code: 'RelationNotCurrent',
      at: ['North', 'South', 'East'],
      async tell({ patient }) {
        const { seen } = activeNode(network).open.components;
        const stop = replaced(seen, 'waitingRelations', () => () => []);
        const east = knownNode(network, 'East');
        await withdraw(patient.wallet, patient.network, clientOf(network), east);
        await network.settle();
        return stop;
      },
    },
    {
      title: 'rolls the leaf back while it seals',
      check: 'historyGrows',
      code: 'HistoryShort',
      tell: inTable('seal', (entry, { earlier }) =>
        withHandles(
          entry,
          entry.handles.map((handle) =>
            handle.count > earlier.length ? { ...handle, count: handle.count - 1 } : handle,
          ),
        ),
      ),
    },
    {
      title: 'forgets the history while it takes up new relations',
      check: 'historyGrows',
      code: 'HistoryRewritten',
      async tell(scene) {
        const stop = inTable('relations', (entry) => withHandles(entry, []))(scene);
        await enrollAt(network, scene.patient, ['East']);
        await network.settle();
        return stop;
      },
    },
    {
      title: 'leaves out the known history in the new leaf',
      check: 'historyGrows',
      code: 'HistoryShort',
      tell: inPatient((patient) => ({
        ...patient,
        afterHandles: patient.afterHandles.filter(({ count }) => count === 1),
      })),
    },
    {
      title: 'names another batch root than the author anchored',
      check: 'batchIsAuthors',
      code: 'BatchNotAnchored',
      tell: inBatch((batch) => ({ ...batch, batchRoot: flipped(batch.batchRoot) })),
    },
    {
      title: 'names another author',
      check: 'batchIsAuthors',
      code: 'BatchNotAnchored',
      tell: inBatch((batch) => ({ ...batch, author: network.node('East').self.nodeId })),
      next: 'OpeningFailed', // the wrap names its author too
    },
    {
      title: 'shows the signature of another node under the batch',
      check: 'batchIsAuthors',
      code: 'BatchNotSigned',
      tell: inBatch((batch) => ({ ...batch, signature: foreignSignature(batch) })),
    },
  ];
}
