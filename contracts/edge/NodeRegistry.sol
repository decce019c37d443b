// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {Identifiers} from "../libraries/Identifiers.sol";
import {KeyRotation} from "../libraries/KeyRotation.sol";
import {NetworkDomain} from "../libraries/NetworkDomain.sol";
import {SignerCheck} from "../libraries/SignerCheck.sol";
import {
    ADMITTED,
    CONSENSUS,
    NO_POSITION,
    OBSERVER,
    READER,
    RECORDING,
    REMOVED,
    REPLACED,
    SUSPENDED,
    Standing,
    UNKNOWN,
    standing
} from "../libraries/Standing.sol";

contract NodeRegistry is INodeRegistry, NetworkDomain, AccessManaged {
    // What is neither in the standing nor in the lists.
    struct Entry {
        address signingKey;
        uint48 admittedAt;
        uint32 kemEpoch;
        uint32 endpointEpoch;
        bytes32 kemKeyHash;
        bytes32 licenceHash;
        bytes32 nameHash;
        bytes32 endpointHash;
    }

    uint256 private constant MAX_ANSWERING = 256;
    uint256 private constant MAX_KEM_KEY = 2048;
    uint256 private constant MAX_NAME = 128;
    uint256 private constant MAX_ENDPOINT = 256;

    uint48 public immutable admissionDelay;
    uint16 public immutable foundingCount;

    mapping(address signingKey => Standing) private _standings;
    mapping(address signingKey => bytes32 nodeId) private _nodeIds;
    mapping(bytes32 nodeId => Entry) private _entries;

    bytes32[] private _nodes;
    bytes32[] private _answering;
    bytes32[] private _consensus;

    constructor(
        bytes32 federationId_,
        bytes32 networkId_,
        address accessManager,
        uint48 admissionDelay_,
        uint16 foundingCount_
    ) NetworkDomain(federationId_, networkId_) AccessManaged(accessManager) {
        admissionDelay = admissionDelay_;
        foundingCount = foundingCount_;
    }

    // Governance

    function admit(
        NodeDescriptor calldata descriptor
    ) external restricted returns (bytes32 nodeId) {
        uint8 role = descriptor.role;
        address key = descriptor.firstSigningKey;
        if (role < RECORDING || role > OBSERVER) revert UnknownRole(role);
        _checkUnused(key);
        _checkName(descriptor.name);
        _checkKemKey(role, descriptor.kemKey.length);
        _checkEndpoint(role, descriptor.endpoint, descriptor.tlsKeyHash);

        nodeId = Identifiers.nodeId(networkId, key, descriptor.nonce);
        uint48 delay = _nodes.length < foundingCount ? 0 : admissionDelay;
        uint48 activeFrom = uint48(block.timestamp) + delay;
        uint16 position = _takePosition(nodeId, role);

        _nodes.push(nodeId);
        _nodeIds[key] = nodeId;
        _standings[key] = standing(role, ADMITTED, position, 1, activeFrom);
        _entries[nodeId] = Entry({
            signingKey: key,
            admittedAt: uint48(block.timestamp),
            kemEpoch: 1,
            endpointEpoch: 1,
            kemKeyHash: keccak256(descriptor.kemKey),
            licenceHash: descriptor.licenceHash,
            nameHash: keccak256(bytes(descriptor.name)),
            endpointHash: _endpointHash(descriptor.endpoint, descriptor.tlsKeyHash)
        });
        _emitAdmitted(nodeId, descriptor, position, activeFrom);
    }

    function suspend(bytes32 nodeId) external restricted {
        _changeState(nodeId, ADMITTED, SUSPENDED);
        emit NodeSuspended(nodeId);
    }

    function resume(bytes32 nodeId) external restricted {
        _changeState(nodeId, SUSPENDED, ADMITTED);
        emit NodeResumed(nodeId);
    }

    function remove(bytes32 nodeId) external restricted {
        (, Standing present) = _presentOf(nodeId);
        uint8 state = present.stateOf();
        _changeState(nodeId, state == SUSPENDED ? SUSPENDED : ADMITTED, REMOVED);
        emit NodeRemoved(nodeId);
    }

    // The node itself

    function rotateSigningKey(address newKey, bytes calldata signature) external {
        (bytes32 nodeId, Standing present) = _caller();
        _checkUnused(newKey);
        uint32 keyEpoch = present.keyEpochOf() + 1;
        bytes32 digest = _digest(KeyRotation.structHash(networkId, nodeId, newKey, keyEpoch));
        if (!SignerCheck.isValid(newKey, digest, signature)) revert BadSignature(newKey, digest);

        _standings[msg.sender] = present.withState(REPLACED);
        _standings[newKey] = standing(
            present.roleOf(),
            ADMITTED,
            present.positionOf(),
            keyEpoch,
            present.activeFromOf()
        );
        _nodeIds[newKey] = nodeId;
        _entries[nodeId].signingKey = newKey;
        emit SigningKeyRotated(nodeId, keyEpoch, msg.sender, newKey);
    }

    function rotateKemKey(bytes calldata kemKey) external {
        (bytes32 nodeId, Standing present) = _caller();
        _checkKemKey(present.roleOf(), kemKey.length);
        Entry storage entry = _entries[nodeId];
        entry.kemKeyHash = keccak256(kemKey);
        emit KemKeyRotated(nodeId, ++entry.kemEpoch, kemKey);
    }

    function setEndpoint(string calldata endpoint, bytes32 tlsKeyHash) external {
        (bytes32 nodeId, Standing present) = _caller();
        _checkEndpoint(present.roleOf(), endpoint, tlsKeyHash);
        Entry storage entry = _entries[nodeId];
        entry.endpointHash = _endpointHash(endpoint, tlsKeyHash);
        emit EndpointSet(nodeId, ++entry.endpointEpoch, endpoint, tlsKeyHash);
    }

    // Views

    function standingOf(address signingKey) external view returns (Standing) {
        return _standings[signingKey];
    }

    function consensusStandingAt(uint16 position) external view returns (Standing) {
        return _standings[_entries[consensusNodeAt(position)].signingKey];
    }

    function nodeIdOf(address signingKey) external view returns (bytes32) {
        return _nodeIds[signingKey];
    }

    function nodeAt(uint16 position) external view returns (bytes32) {
        if (position >= _answering.length) revert NoSuchPosition(position);
        return _answering[position];
    }

    function nodeOf(bytes32 nodeId) external view returns (Node memory) {
        (Entry storage entry, Standing present) = _presentOf(nodeId);
        return
            Node({
                signingKey: entry.signingKey,
                role: present.roleOf(),
                state: present.stateOf(),
                position: present.positionOf(),
                keyEpoch: present.keyEpochOf(),
                kemEpoch: entry.kemEpoch,
                endpointEpoch: entry.endpointEpoch,
                admittedAt: entry.admittedAt,
                activeFrom: present.activeFromOf(),
                kemKeyHash: entry.kemKeyHash,
                licenceHash: entry.licenceHash,
                nameHash: entry.nameHash,
                endpointHash: entry.endpointHash
            });
    }

    function nodeCount() external view returns (uint256) {
        return _nodes.length;
    }

    function answeringCount() external view returns (uint256) {
        return _answering.length;
    }

    function consensusCount() external view returns (uint256) {
        return _consensus.length;
    }

    function nodeIds(uint256 start, uint256 end) external view returns (bytes32[] memory ids) {
        if (start > end || end > _nodes.length) revert NoSuchPosition(end);
        ids = new bytes32[](end - start);
        for (uint256 i = start; i < end; ++i) ids[i - start] = _nodes[i];
    }

    function leafOf(bytes32 nodeId) external view returns (bytes32) {
        (Entry storage entry, Standing present) = _presentOf(nodeId);
        return
            keccak256(
                abi.encode(
                    nodeId,
                    present.roleOf(),
                    present.stateOf(),
                    entry.signingKey,
                    present.keyEpochOf(),
                    entry.kemKeyHash,
                    entry.licenceHash,
                    entry.nameHash,
                    entry.endpointHash,
                    entry.admittedAt
                )
            );
    }

    function consensusNodeAt(uint16 position) public view returns (bytes32) {
        if (position >= _consensus.length) revert NoSuchPosition(position);
        return _consensus[position];
    }

    // Positions are given once: a removed node keeps its own.
    function _takePosition(bytes32 nodeId, uint8 role) private returns (uint16) {
        if (role == READER || role == OBSERVER) return NO_POSITION;
        bytes32[] storage list = role == CONSENSUS ? _consensus : _answering;
        uint256 position = list.length;
        if (position == MAX_ANSWERING) revert TooManyNodes(position);
        list.push(nodeId);
        return uint16(position); // below 256
    }

    function _changeState(bytes32 nodeId, uint8 from, uint8 to) private {
        (Entry storage entry, Standing present) = _presentOf(nodeId);
        if (present.stateOf() != from) revert WrongState(nodeId, present.stateOf());
        _standings[entry.signingKey] = present.withState(to);
    }

    function _emitAdmitted(
        bytes32 nodeId,
        NodeDescriptor memory descriptor,
        uint16 position,
        uint48 activeFrom
    ) private {
        emit NodeAdmitted(
            nodeId,
            descriptor.role,
            descriptor.firstSigningKey,
            position,
            descriptor.kemKey,
            descriptor.tlsKeyHash,
            descriptor.name,
            descriptor.endpoint,
            descriptor.licenceHash,
            uint48(block.timestamp),
            activeFrom
        );
    }

    function _caller() private view returns (bytes32 nodeId, Standing present) {
        present = _standings[msg.sender];
        if (present.stateOf() != ADMITTED) revert NotAdmitted(msg.sender);
        nodeId = _nodeIds[msg.sender];
    }

    function _presentOf(
        bytes32 nodeId
    ) private view returns (Entry storage entry, Standing present) {
        entry = _entries[nodeId];
        if (entry.signingKey == address(0)) revert UnknownNode(nodeId);
        present = _standings[entry.signingKey];
    }

    function _checkUnused(address key) private view {
        if (key == address(0) || _standings[key].stateOf() != UNKNOWN) revert SigningKeyUsed(key);
    }

    function _checkName(string calldata name) private pure {
        uint256 length = bytes(name).length;
        if (length == 0 || length > MAX_NAME) revert BadName(length);
    }

    function _checkKemKey(uint8 role, uint256 length) private pure {
        if (length > MAX_KEM_KEY || (length == 0 && role != OBSERVER)) revert BadKemKey(length);
    }

    function _checkEndpoint(uint8 role, string calldata endpoint, bytes32 tlsKeyHash) private pure {
        uint256 length = bytes(endpoint).length;
        bool isMissing = length == 0 || tlsKeyHash == 0;
        bool mayBeMissing = role == READER || role == OBSERVER;
        if (length > MAX_ENDPOINT || (isMissing && !mayBeMissing))
            revert BadEndpoint(length, tlsKeyHash);
    }

    function _endpointHash(
        string calldata endpoint,
        bytes32 tlsKeyHash
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(endpoint, tlsKeyHash));
    }
}
