import { expect } from 'chai';
import { AbiCoder, id, keccak256, ZeroAddress } from 'ethers';
import { network } from 'hardhat';
import { deployEdge, members, ROLE } from './deployEdge.ts';
import type { Edge } from './deployEdge.ts';
import { agreed, domain, FAR, FEDERATION, NETWORK, sign, walletOf } from './signing.ts';
import type { ProposedCall } from './signing.ts';

const NONCE = 1_000n;
const two = members.slice(0, 2);

describe('Consortium', () => {
  const setup = async () => {
    const connection = await network.create('edge');
    const edge = await deployEdge(connection);
    return { ...edge, ...connection };
  };

  const onItself = (edge: Edge, data: string): ProposedCall => ({
    target: edge.at.consortium,
    data,
  });

  const settingThreshold = (edge: Edge, threshold: number) =>
    onItself(edge, edge.consortium.interface.encodeFunctionData('setThreshold', [threshold]));

  it('executes what two of three agreed on, whoever brings it', async () => {
    const edge = await setup();
    const { consortium, stranger } = edge;
    const calls = [settingThreshold(edge, 3)];
    await expect(
      consortium.connect(stranger).execute(calls, NONCE, FAR, await agreed(two, calls, NONCE)),
    )
      .to.emit(consortium, 'ProposalExecuted')
      .withArgs(NONCE, await consortium.digestOf(calls, NONCE, FAR))
      .and.to.emit(consortium, 'ERC7913ThresholdSet')
      .withArgs(3);
    expect(await consortium.isUsed(NONCE)).to.equal(true);
  });

  it('takes nonces in any order, each once', async () => {
    const edge = await setup();
    const { consortium } = edge;
    const calls = [settingThreshold(edge, 2)];
    for (const nonce of [NONCE, 7_000n, 500n]) {
      await consortium.execute(calls, nonce, FAR, await agreed(two, calls, nonce));
    }
    const again = await agreed(members, calls, 500n);
    await expect(consortium.execute(calls, 500n, FAR, again))
      .to.be.revertedWithCustomError(consortium, 'ProposalUsed')
      .withArgs(500n);
  });

  it('refuses a proposal after its expiry, by chain time', async () => {
    const edge = await setup();
    const { consortium, networkHelpers } = edge;
    const calls = [settingThreshold(edge, 3)];
    const expiry = BigInt(await networkHelpers.time.latest()) + 100n;
    const signature = await agreed(two, calls, NONCE, expiry);
    await networkHelpers.time.setNextBlockTimestamp(expiry + 1n);
    await expect(consortium.execute(calls, NONCE, expiry, signature))
      .to.be.revertedWithCustomError(consortium, 'ProposalExpired')
      .withArgs(expiry);
  });

  it('refuses an empty proposal', async () => {
    const { consortium } = await setup();
    await expect(
      consortium.execute([], NONCE, FAR, await agreed(two, [], NONCE)),
    ).to.be.revertedWithCustomError(consortium, 'EmptyProposal');
  });

  it('refuses one signature, one twice, a foreign one, none', async () => {
    const edge = await setup();
    const { consortium } = edge;
    const calls = [settingThreshold(edge, 1)];
    const [first] = members;
    if (first === undefined) throw new Error('no member');
    for (const signers of [[first], [first, first], [first, walletOf('thief')], []]) {
      await expect(
        consortium.execute(calls, NONCE, FAR, await agreed(signers, calls, NONCE)),
      ).to.be.revertedWithCustomError(consortium, 'NotAgreed');
    }
    for (const signature of ['0x', '0x00', id('noise')]) {
      await expect(consortium.execute(calls, NONCE, FAR, signature)).to.be.revertedWithCustomError(
        consortium,
        'NotAgreed',
      );
    }
  });

  it('refuses signatures over anything else: call, nonce, expiry, network, chain, federation', async () => {
    const edge = await setup();
    const { consortium } = edge;
    const calls = [settingThreshold(edge, 3)];
    const message = { calls, nonce: NONCE, expiry: FAR };
    const wrong = [
      { ...message, calls: [settingThreshold(edge, 1)] },
      { ...message, calls: [...calls, ...calls] },
      { ...message, nonce: NONCE + 1n },
      { ...message, expiry: FAR - 1n },
      { ...message, networkId: id('elsewhere') },
      { ...message, chainId: 1002 },
    ];
    const sorted = [...two].sort((a, b) => (keccak256(a.address) < keccak256(b.address) ? -1 : 1));
    const bundle = async (over: object, at: object): Promise<string> =>
      AbiCoder.defaultAbiCoder().encode(
        ['bytes[]', 'bytes[]'],
        [
          sorted.map((member) => member.address),
          await Promise.all(sorted.map((member) => sign(member, 'Proposal', { ...over }, at))),
        ],
      );
    const signatures = [
      ...(await Promise.all(wrong.map((other) => bundle(other, domain)))),
      await bundle(message, { ...domain, salt: id('other federation') }),
    ];
    for (const signature of signatures) {
      await expect(consortium.execute(calls, NONCE, FAR, signature)).to.be.revertedWithCustomError(
        consortium,
        'NotAgreed',
      );
    }
    await consortium.execute(calls, NONCE, FAR, await bundle(message, domain));
  });

  it('undoes all calls when one fails, and says why', async () => {
    const edge = await setup();
    const { consortium, nodes } = edge;
    const calls = [settingThreshold(edge, 3), edge.onNode('suspend', id('nobody'))];
    await expect(consortium.execute(calls, NONCE, FAR, await agreed(two, calls, NONCE)))
      .to.be.revertedWithCustomError(nodes, 'UnknownNode')
      .withArgs(id('nobody'));
    expect(await consortium.threshold()).to.equal(2n);
    expect(await consortium.isUsed(NONCE)).to.equal(false);
  });

  it('refuses a call to an account without code', async () => {
    const { consortium, stranger } = await setup();
    const calls = [{ target: stranger.address, data: '0x12345678' }];
    await expect(
      consortium.execute(calls, NONCE, FAR, await agreed(two, calls, NONCE)),
    ).to.be.revertedWithCustomError(consortium, 'AddressEmptyCode');
  });

  it('adds and removes members by proposal, and keeps the threshold reachable', async () => {
    const edge = await setup();
    const { consortium } = edge;
    const fourth = walletOf('member 4');
    const abi = consortium.interface;
    const adding = onItself(edge, abi.encodeFunctionData('addSigners', [[fourth.address]]));
    await edge.govern(adding);
    expect(await consortium.isSigner(fourth.address)).to.equal(true);
    expect(await consortium.getSignerCount()).to.equal(4n);
    await expect(edge.govern(adding)).to.be.revertedWithCustomError(
      consortium,
      'MultiSignerERC7913AlreadyExists',
    );
    const removing = onItself(
      edge,
      abi.encodeFunctionData('removeSigners', [
        [fourth, ...members.slice(1)].map((w) => w.address),
      ]),
    );
    await expect(edge.govern(removing)).to.be.revertedWithCustomError(
      consortium,
      'MultiSignerERC7913UnreachableThreshold',
    );
    await expect(edge.govern(settingThreshold(edge, 0))).to.be.revertedWithCustomError(
      consortium,
      'MultiSignerERC7913ZeroThreshold',
    );
  });

  it('a removed member counts no longer', async () => {
    const edge = await setup();
    const { consortium } = edge;
    const gone = two[1];
    if (gone === undefined) throw new Error('no member');
    await edge.govern(
      onItself(edge, consortium.interface.encodeFunctionData('removeSigners', [[gone.address]])),
    );
    const calls = [settingThreshold(edge, 1)];
    await expect(
      consortium.execute(calls, NONCE, FAR, await agreed(two, calls, NONCE)),
    ).to.be.revertedWithCustomError(consortium, 'NotAgreed');
  });

  it('refuses members that cannot sign or would always sign', async () => {
    const { ethers } = await network.create('edge');
    const factory = await ethers.getContractFactory('Consortium');
    const member = walletOf('member').address;
    // The identity precompile returns what it is asked: as an ERC-7913 verifier it would agree to everything.
    const identity = `0x${'00'.repeat(19)}04${'ab'.repeat(32)}`;
    for (const signer of [ZeroAddress, identity]) {
      await expect(factory.deploy(FEDERATION, NETWORK, [member, signer], 1))
        .to.be.revertedWithCustomError(factory, 'UnusableSigner')
        .withArgs(signer);
    }
    await expect(
      factory.deploy(FEDERATION, NETWORK, [member, '0x1234'], 1),
    ).to.be.revertedWithCustomError(factory, 'MultiSignerERC7913InvalidSigner');
    await expect(factory.deploy(FEDERATION, NETWORK, [member], 2)).to.be.revertedWithCustomError(
      factory,
      'MultiSignerERC7913UnreachableThreshold',
    );
  });

  it('hostile 28: nobody but itself changes its members, the deployer included', async () => {
    const { consortium, deployer, stranger } = await setup();
    for (const caller of [deployer, stranger]) {
      const asked = consortium.connect(caller);
      for (const attempt of [
        asked.addSigners([caller.address]),
        asked.removeSigners([two[0]?.address ?? '0x']),
        asked.setThreshold(1),
      ]) {
        await expect(attempt)
          .to.be.revertedWithCustomError(consortium, 'NotByProposal')
          .withArgs(caller.address);
      }
    }
  });

  it('hostile 28: nobody but it governs the nodes', async () => {
    const edge = await setup();
    const { nodes, manager, deployer, hospitalA } = edge;
    const nodeId = await edge.idOf(hospitalA);
    for (const caller of [deployer, hospitalA]) {
      for (const call of [
        edge.onNode('suspend', nodeId),
        edge.onNode('resume', nodeId),
        edge.onNode('remove', nodeId),
        edge.admitting('trojan', caller.address, ROLE.recording),
      ]) {
        await expect(caller.sendTransaction({ to: call.target, data: call.data }))
          .to.be.revertedWithCustomError(nodes, 'AccessManagedUnauthorized')
          .withArgs(caller.address);
      }
      await expect(
        manager.connect(caller).grantRole(0, caller.address, 0),
      ).to.be.revertedWithCustomError(manager, 'AccessManagerUnauthorizedAccount');
      await expect(
        nodes.connect(caller).setAuthority(caller.address),
      ).to.be.revertedWithCustomError(nodes, 'AccessManagedUnauthorized');
    }
  });
});
