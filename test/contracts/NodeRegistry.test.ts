import { expect } from 'chai';
import { AbiCoder, id, keccak256, toUtf8Bytes, ZeroAddress } from 'ethers';
import { network } from 'hardhat';
import { DAY, deployContracts, deployEdge, descriptorOf, ROLE, STATE } from './deployEdge.ts';
import { domain, NETWORK, sign, walletOf } from './signing.ts';

const NO_POSITION = 65_535n;
const NEW_KEM = `0x${'42'.repeat(1216)}`;

const unpack = (standing: bigint) => ({
  role: standing & 0xffn,
  state: (standing >> 8n) & 0xffn,
  position: (standing >> 16n) & 0xffffn,
  keyEpoch: (standing >> 32n) & 0xffff_ffffn,
  activeFrom: standing >> 64n,
});

describe('NodeRegistry', () => {
  const setup = async (deployment = {}) => {
    const connection = await network.create('edge');
    const edge = await deployEdge(connection, deployment);
    return { ...edge, ...connection };
  };

  describe('admit', () => {
    it('computes the id, tells the full values, keeps their hashes', async () => {
      const connection = await network.create('edge');
      const { nodes, govern, admitting } = await deployContracts(connection);
      const key = walletOf('key').address;
      const node = descriptorOf('clinic', key, ROLE.recording);
      const nodeId = keccak256(
        AbiCoder.defaultAbiCoder().encode(
          ['bytes32', 'address', 'bytes32'],
          [NETWORK, key, node.nonce],
        ),
      );
      const sent = await govern(admitting('clinic', key, ROLE.recording));
      const at = await connection.networkHelpers.time.latest();
      await expect(sent)
        .to.emit(nodes, 'NodeAdmitted')
        .withArgs(
          nodeId,
          ROLE.recording,
          key,
          0,
          node.kemKey,
          node.tlsKeyHash,
          node.name,
          node.endpoint,
          node.licenceHash,
          at,
          at,
        );
      const kept = await nodes.nodeOf(nodeId);
      const endpointHash = keccak256(
        AbiCoder.defaultAbiCoder().encode(['string', 'bytes32'], [node.endpoint, node.tlsKeyHash]),
      );
      expect([...kept]).to.deep.equal([
        key,
        1n,
        1n,
        0n,
        1n,
        1n,
        1n,
        BigInt(at),
        BigInt(at),
        keccak256(node.kemKey),
        node.licenceHash,
        keccak256(toUtf8Bytes(node.name)),
        endpointHash,
      ]);
      expect(await nodes.leafOf(nodeId)).to.equal(
        keccak256(
          AbiCoder.defaultAbiCoder().encode(
            [
              'bytes32',
              'uint8',
              'uint8',
              'address',
              'uint32',
              'bytes32',
              'bytes32',
              'bytes32',
              'bytes32',
              'uint48',
            ],
            [
              nodeId,
              1,
              1,
              key,
              1,
              kept.kemKeyHash,
              kept.licenceHash,
              kept.nameHash,
              endpointHash,
              at,
            ],
          ),
        ),
      );
    });

    it('gives positions to recording and index nodes together, to consensus nodes apart', async () => {
      const edge = await setup();
      const { nodes } = edge;
      const positionOf = async (key: string) => unpack(await nodes.standingOf(key)).position;
      expect(await positionOf(edge.hospitalA.address)).to.equal(0n);
      expect(await positionOf(edge.hospitalB.address)).to.equal(1n);
      expect(await positionOf(edge.gateway.address)).to.equal(2n);
      expect(await positionOf(edge.registry.address)).to.equal(0n);
      expect(await positionOf(edge.standby.address)).to.equal(1n);
      expect(await positionOf(edge.insurer.address)).to.equal(NO_POSITION);
      expect(await positionOf(edge.regulator.address)).to.equal(NO_POSITION);
      expect(await nodes.nodeAt(2)).to.equal(await edge.idOf(edge.gateway));
      expect(await nodes.consensusNodeAt(1)).to.equal(await edge.idOf(edge.standby));
      expect([
        await nodes.nodeCount(),
        await nodes.answeringCount(),
        await nodes.consensusCount(),
      ]).to.deep.equal([7n, 3n, 2n]);
      expect([...(await nodes.nodeIds(5, 7))]).to.deep.equal([
        await edge.idOf(edge.insurer),
        await edge.idOf(edge.regulator),
      ]);
      for (const asked of [nodes.nodeAt(3), nodes.consensusNodeAt(2), nodes.nodeIds(0, 8)]) {
        await expect(asked).to.be.revertedWithCustomError(nodes, 'NoSuchPosition');
      }
    });

    it('lets the founders act at once and later nodes after the delay', async () => {
      const edge = await setup({ foundingCount: 7 });
      const { nodes, exchange, networkHelpers, spare } = edge;
      const late = spare[0] ?? edge.stranger;
      await edge.govern(edge.admitting('late', late.address, ROLE.recording));
      const admittedAt = await networkHelpers.time.latest();
      expect(unpack(await nodes.standingOf(late)).activeFrom).to.equal(
        BigInt(admittedAt + 2 * DAY),
      );
      const request = async () => {
        const day = Math.floor((await networkHelpers.time.latest()) / DAY);
        return exchange.connect(late).requestStorage(id('batch'), id('query'), 16, day);
      };
      await networkHelpers.time.setNextBlockTimestamp(admittedAt + 2 * DAY - 1);
      await expect(request()).to.be.revertedWithCustomError(exchange, 'NotAnsweringNode');
      await networkHelpers.time.increaseTo(admittedAt + 2 * DAY);
      await request();
    });

    it('refuses unknown roles, used or zero keys and values out of bounds', async () => {
      const edge = await setup();
      const { nodes, manager, consortium, hospitalA } = edge;
      const good = descriptorOf('clinic', walletOf('clinic').address, ROLE.recording);
      const cases = [
        [{ role: 0 }, 'UnknownRole'],
        [{ role: 6 }, 'UnknownRole'],
        [{ firstSigningKey: ZeroAddress }, 'SigningKeyUsed'],
        [{ firstSigningKey: hospitalA.address }, 'SigningKeyUsed'],
        [{ kemKey: '0x' }, 'BadKemKey'],
        [{ kemKey: '0x', role: ROLE.reader }, 'BadKemKey'],
        [{ kemKey: `0x${'00'.repeat(2049)}` }, 'BadKemKey'],
        [{ name: '' }, 'BadName'],
        [{ name: 'x'.repeat(129) }, 'BadName'],
        [{ endpoint: '' }, 'BadEndpoint'],
        [{ endpoint: 'x'.repeat(257) }, 'BadEndpoint'],
        [{ tlsKeyHash: `0x${'00'.repeat(32)}` }, 'BadEndpoint'],
      ] as const;
      expect(await manager.hasRole(0, consortium.target)).to.deep.equal([true, 0n]);
      for (const [change, error] of cases) {
        const data = nodes.interface.encodeFunctionData('admit', [{ ...good, ...change }]);
        await expect(edge.govern({ target: edge.at.nodes, data })).to.be.revertedWithCustomError(
          nodes,
          error,
        );
      }
      const observer = { ...good, role: ROLE.observer, kemKey: '0x', endpoint: '' };
      const data = nodes.interface.encodeFunctionData('admit', [observer]);
      await edge.govern({ target: edge.at.nodes, data });
    });

    it('refuses the 257th recording or index node, and still admits others', async () => {
      const connection = await network.create('edge');
      const { nodes, govern, admitting } = await deployContracts(connection);
      const keyOf = (i: number) => id(`key ${i}`).slice(0, 42);
      for (let i = 0; i < 256; i += 32) {
        const roles = [ROLE.recording, ROLE.index];
        await govern(
          ...Array.from({ length: 32 }, (_, j) =>
            admitting(`node ${i + j}`, keyOf(i + j), roles[j % 2] ?? ROLE.recording),
          ),
        );
      }
      expect(await nodes.answeringCount()).to.equal(256n);
      await expect(govern(admitting('one more', keyOf(256), ROLE.recording)))
        .to.be.revertedWithCustomError(nodes, 'TooManyNodes')
        .withArgs(256);
      await govern(admitting('reader', keyOf(257), ROLE.reader));
      await govern(admitting('consensus', keyOf(258), ROLE.consensus));
    });
  });

  describe('suspend, resume, remove', () => {
    it('a suspended node acts nowhere until it is resumed', async () => {
      const edge = await setup();
      const { nodes, exchange, patients, hospitalA, networkHelpers } = edge;
      const nodeId = await edge.idOf(hospitalA);
      await expect(edge.govern(edge.onNode('suspend', nodeId)))
        .to.emit(nodes, 'NodeSuspended')
        .withArgs(nodeId);
      const day = Math.floor((await networkHelpers.time.latest()) / DAY);
      const request = () =>
        exchange.connect(hospitalA).requestStorage(id('batch'), id('query'), 16, day);
      await expect(request()).to.be.revertedWithCustomError(exchange, 'NotAnsweringNode');
      await expect(patients.connect(hospitalA).submitBatch([])).to.be.revertedWithCustomError(
        patients,
        'MayNotSubmit',
      );
      const own = nodes.connect(hospitalA);
      const newKey = walletOf('new key');
      for (const attempt of [
        own.rotateKemKey(NEW_KEM),
        own.setEndpoint('https://x', id('tls')),
        own.rotateSigningKey(newKey.address, '0x'),
      ]) {
        await expect(attempt).to.be.revertedWithCustomError(nodes, 'NotAdmitted');
      }
      await expect(edge.govern(edge.onNode('resume', nodeId)))
        .to.emit(nodes, 'NodeResumed')
        .withArgs(nodeId);
      await request();
    });

    it('a removed node never comes back: not its state, not its key, not its position', async () => {
      const edge = await setup();
      const { nodes, gateway } = edge;
      const nodeId = await edge.idOf(gateway);
      await edge.govern(edge.onNode('suspend', nodeId));
      await expect(edge.govern(edge.onNode('remove', nodeId)))
        .to.emit(nodes, 'NodeRemoved')
        .withArgs(nodeId);
      for (const verb of ['suspend', 'resume', 'remove'] as const) {
        await expect(edge.govern(edge.onNode(verb, nodeId)))
          .to.be.revertedWithCustomError(nodes, 'WrongState')
          .withArgs(nodeId, STATE.removed);
      }
      await expect(
        edge.govern(edge.admitting('gateway', gateway.address, ROLE.index)),
      ).to.be.revertedWithCustomError(nodes, 'SigningKeyUsed');
      await edge.govern(edge.admitting('next', walletOf('next').address, ROLE.index));
      expect(await nodes.nodeAt(2)).to.equal(nodeId);
      expect(unpack(await nodes.standingOf(walletOf('next').address)).position).to.equal(3n);
    });

    it('allows each change from its own state only', async () => {
      const edge = await setup();
      const { nodes, hospitalA } = edge;
      const nodeId = await edge.idOf(hospitalA);
      await expect(edge.govern(edge.onNode('resume', nodeId)))
        .to.be.revertedWithCustomError(nodes, 'WrongState')
        .withArgs(nodeId, STATE.admitted);
      await edge.govern(edge.onNode('suspend', nodeId));
      await expect(edge.govern(edge.onNode('suspend', nodeId)))
        .to.be.revertedWithCustomError(nodes, 'WrongState')
        .withArgs(nodeId, STATE.suspended);
      for (const verb of ['suspend', 'resume', 'remove'] as const) {
        await expect(edge.govern(edge.onNode(verb, id('nobody')))).to.be.revertedWithCustomError(
          nodes,
          'UnknownNode',
        );
      }
    });
  });

  describe('rotateSigningKey', () => {
    const newKey = walletOf('new key');

    it('hands the node over; the old key is worth nothing and never used again', async () => {
      const edge = await setup();
      const { nodes, hospitalB, stranger } = edge;
      const nodeId = await edge.idOf(hospitalB);
      const before = unpack(await nodes.standingOf(hospitalB));
      const message = { nodeId, signingKey: newKey.address, keyEpoch: 2 };
      const signature = await sign(newKey, 'RotateSigningKey', message);
      await expect(nodes.connect(hospitalB).rotateSigningKey(newKey.address, signature))
        .to.emit(nodes, 'SigningKeyRotated')
        .withArgs(nodeId, 2, hospitalB.address, newKey.address);
      expect(unpack(await nodes.standingOf(newKey.address))).to.deep.equal({
        ...before,
        keyEpoch: 2n,
      });
      expect(unpack(await nodes.standingOf(hospitalB)).state).to.equal(BigInt(STATE.replaced));
      expect(await nodes.nodeIdOf(newKey.address)).to.equal(nodeId);
      expect((await nodes.nodeOf(nodeId)).signingKey).to.equal(newKey.address);
      await expect(nodes.connect(hospitalB).rotateKemKey(NEW_KEM)).to.be.revertedWithCustomError(
        nodes,
        'NotAdmitted',
      );
      await expect(
        edge.govern(edge.admitting('again', hospitalB.address, ROLE.recording)),
      ).to.be.revertedWithCustomError(nodes, 'SigningKeyUsed');
      await expect(
        nodes.connect(stranger).rotateSigningKey(walletOf('any').address, '0x'),
      ).to.be.revertedWithCustomError(nodes, 'NotAdmitted');
    });

    it('wants the new key to sign node, key, epoch, network, chain and federation', async () => {
      const edge = await setup();
      const { nodes, hospitalB, hospitalA } = edge;
      const nodeId = await edge.idOf(hospitalB);
      const message = { nodeId, signingKey: newKey.address, keyEpoch: 2 };
      const signatures = [
        '0x',
        await sign(walletOf('thief'), 'RotateSigningKey', message),
        await sign(newKey, 'RotateSigningKey', { ...message, nodeId: await edge.idOf(hospitalA) }),
        await sign(newKey, 'RotateSigningKey', { ...message, signingKey: hospitalA.address }),
        await sign(newKey, 'RotateSigningKey', { ...message, keyEpoch: 3 }),
        await sign(newKey, 'RotateSigningKey', { ...message, networkId: id('elsewhere') }),
        await sign(newKey, 'RotateSigningKey', { ...message, chainId: 1002 }),
        await sign(newKey, 'RotateSigningKey', message, { ...domain, salt: id('other') }),
      ];
      for (const signature of signatures) {
        await expect(
          nodes.connect(hospitalB).rotateSigningKey(newKey.address, signature),
        ).to.be.revertedWithCustomError(nodes, 'BadSignature');
      }
      for (const used of [ZeroAddress, hospitalA.address, hospitalB.address]) {
        await expect(
          nodes.connect(hospitalB).rotateSigningKey(used, '0x'),
        ).to.be.revertedWithCustomError(nodes, 'SigningKeyUsed');
      }
    });

    it('keeps the position, so that governance still reaches the node', async () => {
      const edge = await setup();
      const { nodes, hospitalB } = edge;
      const nodeId = await edge.idOf(hospitalB);
      const message = { nodeId, signingKey: newKey.address, keyEpoch: 2 };
      const signature = await sign(newKey, 'RotateSigningKey', message);
      await nodes.connect(hospitalB).rotateSigningKey(newKey.address, signature);
      await edge.govern(edge.onNode('suspend', nodeId));
      expect(unpack(await nodes.standingOf(newKey.address)).state).to.equal(
        BigInt(STATE.suspended),
      );
      expect(unpack(await nodes.standingOf(hospitalB)).state).to.equal(BigInt(STATE.replaced));
    });
  });

  describe('rotateKemKey, setEndpoint', () => {
    it('are the own node’s, each with its epoch', async () => {
      const edge = await setup();
      const { nodes, hospitalA } = edge;
      const nodeId = await edge.idOf(hospitalA);
      const leaf = await nodes.leafOf(nodeId);
      await expect(nodes.connect(hospitalA).rotateKemKey(NEW_KEM))
        .to.emit(nodes, 'KemKeyRotated')
        .withArgs(nodeId, 2, NEW_KEM);
      await expect(nodes.connect(hospitalA).setEndpoint('https://b.example', id('tls')))
        .to.emit(nodes, 'EndpointSet')
        .withArgs(nodeId, 2, 'https://b.example', id('tls'));
      const kept = await nodes.nodeOf(nodeId);
      expect([kept.keyEpoch, kept.kemEpoch, kept.endpointEpoch]).to.deep.equal([1n, 2n, 2n]);
      expect(kept.kemKeyHash).to.equal(keccak256(NEW_KEM));
      expect(await nodes.leafOf(nodeId)).to.not.equal(leaf);
    });

    it('refuse strangers and values out of bounds', async () => {
      const { nodes, stranger, hospitalA, insurer } = await setup();
      await expect(nodes.connect(stranger).rotateKemKey(NEW_KEM)).to.be.revertedWithCustomError(
        nodes,
        'NotAdmitted',
      );
      await expect(
        nodes.connect(stranger).setEndpoint('https://x', id('tls')),
      ).to.be.revertedWithCustomError(nodes, 'NotAdmitted');
      await expect(nodes.connect(hospitalA).rotateKemKey('0x')).to.be.revertedWithCustomError(
        nodes,
        'BadKemKey',
      );
      await expect(
        nodes.connect(hospitalA).setEndpoint('', id('tls')),
      ).to.be.revertedWithCustomError(nodes, 'BadEndpoint');
      await nodes.connect(insurer).setEndpoint('', id('tls'));
    });

    it('hostile 28: governance has no call that changes a key', async () => {
      const edge = await setup();
      const { nodes, hospitalA, consortium } = edge;
      const nodeId = await edge.idOf(hospitalA);
      const before = await nodes.nodeOf(nodeId);
      const target = edge.at.nodes;
      for (const data of [
        nodes.interface.encodeFunctionData('rotateKemKey', [NEW_KEM]),
        nodes.interface.encodeFunctionData('setEndpoint', ['https://x', id('tls')]),
        nodes.interface.encodeFunctionData('rotateSigningKey', [walletOf('x').address, '0x']),
      ]) {
        await expect(edge.govern({ target, data }))
          .to.be.revertedWithCustomError(nodes, 'NotAdmitted')
          .withArgs(consortium.target);
      }
      expect(await nodes.nodeOf(nodeId)).to.deep.equal(before);
    });
  });
});
