import { expect } from 'chai';
import { dataSlice, id, Wallet, ZeroHash } from 'ethers';
import { network } from 'hardhat';
import { deployEdge, DAY } from './deployEdge.ts';
import { sign } from './signing.ts';

/** What the contract keeps of a root. */
const rootOf = (root: string): string => dataSlice(root, 0, 22);

describe('AccessLedger', () => {
  const setup = async () => {
    const connection = await network.create('edge');
    return { ...(await deployEdge(connection)), ...connection };
  };

  it("anchors a node's log of receipts, by node and with its block", async () => {
    const { ledger, hospitalA, hospitalB, insurer, idOf, ethers } = await setup();
    const [a, b] = [await idOf(hospitalA), await idOf(hospitalB)];
    expect([...(await ledger.anchoredOf(a))]).to.deep.equal([0n, rootOf(ZeroHash), 0n]);
    await expect(ledger.connect(hospitalA).anchor(3, id('3')))
      .to.emit(ledger, 'ReceiptsAnchored')
      .withArgs(a, 3, id('3'));
    const block = BigInt(await ethers.provider.getBlockNumber());
    await ledger.connect(hospitalB).anchor(1, id('1'));
    await ledger.connect(insurer).anchor(1, id('its own'));
    expect([...(await ledger.anchoredOf(a))]).to.deep.equal([3n, rootOf(id('3')), block]);
    expect([...(await ledger.anchoredOf(b))]).to.deep.equal([1n, rootOf(id('1')), block + 1n]);
  });

  it('hostile 27: the size only rises, with the next signing key, too', async () => {
    const { ledger, nodes, hospitalA, idOf, ethers } = await setup();
    const nodeId = await idOf(hospitalA);
    await ledger.connect(hospitalA).anchor(3, id('3'));
    for (const size of [0, 2, 3, 2 ** 40, 2n ** 64n - 1n]) {
      await expect(ledger.connect(hospitalA).anchor(size, id('x')))
        .to.be.revertedWithCustomError(ledger, 'SizeNotHigher')
        .withArgs(size, 3);
    }
    const next = new Wallet(id('next key'), ethers.provider);
    await hospitalA.sendTransaction({ to: next.address, value: 10n ** 18n });
    const rotation = { nodeId, signingKey: next.address, keyEpoch: 2 };
    await nodes
      .connect(hospitalA)
      .rotateSigningKey(next.address, await sign(next, 'RotateSigningKey', rotation));
    await expect(ledger.connect(next).anchor(3, id('x'))).to.be.revertedWithCustomError(
      ledger,
      'SizeNotHigher',
    );
    await expect(ledger.connect(hospitalA).anchor(4, id('4')))
      .to.be.revertedWithCustomError(ledger, 'NotActiveNode')
      .withArgs(hospitalA.address);
    await ledger.connect(next).anchor(4, id('4'));
    expect((await ledger.anchoredOf(nodeId)).size).to.equal(4n);
    // As many as its field can tell.
    await ledger.connect(next).anchor(2 ** 40 - 1, id('last'));
    expect((await ledger.anchoredOf(nodeId)).size).to.equal(2n ** 40n - 1n);
  });

  it('hostile 26: refuses a zero root and a zero id', async () => {
    const { ledger, hospitalA } = await setup();
    await expect(ledger.connect(hospitalA).anchor(1, ZeroHash)).to.be.revertedWithCustomError(
      ledger,
      'ZeroValue',
    );
    await expect(
      ledger.connect(hospitalA).requestEmergency(ZeroHash),
    ).to.be.revertedWithCustomError(ledger, 'ZeroValue');
  });

  it('is for active nodes; an emergency for recording ones', async () => {
    const edge = await setup();
    const { ledger, govern, onNode, admitting, at, spare, networkHelpers } = edge;
    const [late] = spare;
    if (late === undefined) throw new Error('too few accounts');
    await govern(admitting('late', late.address, 1));
    await govern(onNode('suspend', await edge.idOf(edge.hospitalB)));
    expect(at.nodes).to.not.equal(undefined);
    for (const caller of [edge.stranger, edge.deployer, edge.hospitalB, late]) {
      await expect(ledger.connect(caller).anchor(1, id('1')))
        .to.be.revertedWithCustomError(ledger, 'NotActiveNode')
        .withArgs(caller.address);
    }
    for (const caller of [
      edge.stranger,
      edge.hospitalB,
      late,
      edge.gateway,
      edge.registry,
      edge.insurer,
    ]) {
      await expect(ledger.connect(caller).requestEmergency(id('request')))
        .to.be.revertedWithCustomError(ledger, 'NotActiveNode')
        .withArgs(caller.address);
    }
    await networkHelpers.time.increase(2 * DAY);
    await ledger.connect(late).anchor(1, id('1'));
    await ledger.connect(late).requestEmergency(id('request'));
  });

  it('keeps an emergency request once, with its node and time', async () => {
    const { ledger, hospitalA, hospitalB, idOf, networkHelpers } = await setup();
    expect([...(await ledger.emergencyOf(id('request')))]).to.deep.equal([ZeroHash, 0n]);
    await expect(ledger.connect(hospitalB).requestEmergency(id('request')))
      .to.emit(ledger, 'EmergencyRequested')
      .withArgs(id('request'), await idOf(hospitalB));
    const at = BigInt(await networkHelpers.time.latest());
    for (const node of [hospitalA, hospitalB]) {
      await expect(ledger.connect(node).requestEmergency(id('request')))
        .to.be.revertedWithCustomError(ledger, 'EmergencyStands')
        .withArgs(id('request'));
    }
    expect([...(await ledger.emergencyOf(id('request')))]).to.deep.equal([
      await idOf(hospitalB),
      at,
    ]);
  });
});
