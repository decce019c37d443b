// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Standing} from "../libraries/Standing.sol";
import {INetworkDomain} from "./INetworkDomain.sol";

/// @title Who takes part in a network, with which keys
/// @notice Roles: 1 recording, 2 consensus, 3 index, 4 reader, 5 observer. States of a signing key: 1 admitted,
/// 2 suspended, 3 removed, 4 replaced by a newer key; 0 was never admitted. Governance admits, suspends, resumes and
/// removes; keys and endpoints change only by the node's own signing key. A signing key serves one node, once.
interface INodeRegistry is INetworkDomain {
    /// @notice What governance admits.
    /// @param firstSigningKey Chain account of the node; part of its id.
    /// @param nonce Part of the id.
    /// @param role One of the five roles.
    /// @param kemKey Public KEM key, at most 2,048 bytes; empty only for an observer.
    /// @param tlsKeyHash SHA-256 of the TLS public key; zero only for readers and observers.
    /// @param name Name of the organisation, 1 to 128 bytes of UTF-8.
    /// @param endpoint URL of the node, at most 256 bytes; empty only for readers and observers.
    /// @param licenceHash Hash of the licence shown to the members.
    struct NodeDescriptor {
        address firstSigningKey;
        bytes32 nonce;
        uint8 role;
        bytes kemKey;
        bytes32 tlsKeyHash;
        string name;
        string endpoint;
        bytes32 licenceHash;
    }

    /// @notice What the registry keeps of a node; the full values are in the events.
    /// @param signingKey Present chain account.
    /// @param role One of the five roles.
    /// @param state State of the present key.
    /// @param position Among the recording and index nodes, or among the consensus nodes, in order of admission;
    /// 65,535 for readers and observers.
    /// @param keyEpoch Of the signing key, from 1.
    /// @param kemEpoch Of the KEM key, from 1.
    /// @param endpointEpoch Of the endpoint, from 1.
    /// @param admittedAt Unix time.
    /// @param activeFrom Unix time from which the node may act.
    /// @param kemKeyHash keccak256 of the KEM key.
    /// @param licenceHash Hash of the licence.
    /// @param nameHash keccak256 of the name.
    /// @param endpointHash keccak256(abi.encode(endpoint, tlsKeyHash)).
    struct Node {
        address signingKey;
        uint8 role;
        uint8 state;
        uint16 position;
        uint32 keyEpoch;
        uint32 kemEpoch;
        uint32 endpointEpoch;
        uint48 admittedAt;
        uint48 activeFrom;
        bytes32 kemKeyHash;
        bytes32 licenceHash;
        bytes32 nameHash;
        bytes32 endpointHash;
    }

    /// @notice A node was admitted. All values as in NodeDescriptor and Node.
    event NodeAdmitted(
        bytes32 indexed nodeId,
        uint8 role,
        address signingKey,
        uint16 position,
        bytes kemKey,
        bytes32 tlsKeyHash,
        string name,
        string endpoint,
        bytes32 licenceHash,
        uint48 admittedAt,
        uint48 activeFrom
    );

    /// @notice Governance stopped a node for the time being.
    event NodeSuspended(bytes32 indexed nodeId);

    /// @notice Governance let a suspended node act again.
    event NodeResumed(bytes32 indexed nodeId);

    /// @notice Governance removed a node for good; its keys and its position are never used again.
    event NodeRemoved(bytes32 indexed nodeId);

    /// @notice A node changed its signing key itself.
    event SigningKeyRotated(
        bytes32 indexed nodeId,
        uint32 keyEpoch,
        address oldKey,
        address newKey
    );

    /// @notice A node changed its KEM key itself.
    event KemKeyRotated(bytes32 indexed nodeId, uint32 kemEpoch, bytes kemKey);

    /// @notice A node changed its endpoint or its TLS key itself.
    event EndpointSet(
        bytes32 indexed nodeId,
        uint32 endpointEpoch,
        string endpoint,
        bytes32 tlsKeyHash
    );

    /// @notice There is no such role.
    error UnknownRole(uint8 role);

    /// @notice No node was admitted with this id.
    error UnknownNode(bytes32 nodeId);

    /// @notice The caller is no node's present signing key, or its node is suspended or removed.
    error NotAdmitted(address caller);

    /// @notice The node's state does not allow this change.
    error WrongState(bytes32 nodeId, uint8 state);

    /// @notice The account was a signing key before, or is zero.
    error SigningKeyUsed(address signingKey);

    /// @notice The KEM key is empty or longer than 2,048 bytes.
    error BadKemKey(uint256 length);

    /// @notice The name is empty or longer than 128 bytes.
    error BadName(uint256 length);

    /// @notice The endpoint is longer than 256 bytes, or it or the hash of the TLS key is missing.
    error BadEndpoint(uint256 length, bytes32 tlsKeyHash);

    /// @notice 256 recording and index nodes were admitted; a bitmap holds no more.
    error TooManyNodes(uint256 admitted);

    /// @notice No node has this position.
    error NoSuchPosition(uint256 position);

    /// @notice Admits a node. Only by governance; acts from `activeFrom` on.
    /// @param descriptor The node.
    /// @return nodeId keccak256(abi.encode(networkId, firstSigningKey, nonce)).
    function admit(NodeDescriptor calldata descriptor) external returns (bytes32 nodeId);

    /// @notice Stops a node at once. Only by governance.
    /// @param nodeId An admitted node.
    function suspend(bytes32 nodeId) external;

    /// @notice Lets a suspended node act again. Only by governance.
    /// @param nodeId A suspended node.
    function resume(bytes32 nodeId) external;

    /// @notice Removes a node for good. Only by governance.
    /// @param nodeId An admitted or suspended node.
    function remove(bytes32 nodeId) external;

    /// @notice Hands the caller's node over to a new signing key.
    /// @param newKey An account that was never a signing key here.
    /// @param signature Of the new key over RotateSigningKey(networkId, chainId, nodeId, signingKey, keyEpoch), with
    /// the new key and the new epoch.
    function rotateSigningKey(address newKey, bytes calldata signature) external;

    /// @notice Changes the KEM key of the caller's node.
    /// @param kemKey The new public key.
    function rotateKemKey(bytes calldata kemKey) external;

    /// @notice Changes the endpoint of the caller's node.
    /// @param endpoint URL.
    /// @param tlsKeyHash SHA-256 of the TLS public key.
    function setEndpoint(string calldata endpoint, bytes32 tlsKeyHash) external;

    /// @notice Seconds between the admission of a later node and its first act.
    function admissionDelay() external view returns (uint48);

    /// @notice How many nodes, the first ones, act at once.
    function foundingCount() external view returns (uint16);

    /// @notice What a signing key stands for, packed in one word; see libraries/Standing.sol.
    /// @param signingKey A chain account.
    function standingOf(address signingKey) external view returns (Standing);

    /// @notice What the consensus node at this position stands for now.
    /// @param position Among the consensus nodes, in order of admission.
    function consensusStandingAt(uint16 position) external view returns (Standing);

    /// @notice The node an account is or was signing key of; zero for none.
    /// @param signingKey A chain account.
    function nodeIdOf(address signingKey) external view returns (bytes32);

    /// @notice The recording or index node at this position of a bitmap.
    /// @param position In order of admission.
    function nodeAt(uint16 position) external view returns (bytes32);

    /// @notice The consensus node at this position.
    /// @param position In order of admission.
    function consensusNodeAt(uint16 position) external view returns (bytes32);

    /// @notice What the registry keeps of a node.
    /// @param nodeId Its id.
    function nodeOf(bytes32 nodeId) external view returns (Node memory);

    /// @notice How many nodes were ever admitted.
    function nodeCount() external view returns (uint256);

    /// @notice How many recording and index nodes were ever admitted.
    function answeringCount() external view returns (uint256);

    /// @notice How many consensus nodes were ever admitted.
    function consensusCount() external view returns (uint256);

    /// @notice Ids of the nodes from the `start`-th to before the `end`-th, in order of admission.
    function nodeIds(uint256 start, uint256 end) external view returns (bytes32[] memory);

    /// @notice Leaf of a node in the node set: keccak256(abi.encode(nodeId, role, state, signingKey, keyEpoch,
    /// kemKeyHash, licenceHash, nameHash, endpointHash, admittedAt)). All leaves in order of admission give the
    /// nodeSetRoot of a certified head.
    /// @param nodeId Its id.
    function leafOf(bytes32 nodeId) external view returns (bytes32);
}
