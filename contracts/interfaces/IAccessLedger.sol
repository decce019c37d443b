// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry} from "./INodeRegistry.sol";

/// @title Receipts of reading and emergency requests, as roots and salted ids
/// @notice Each node keeps an append-only Merkle log (RFC 6962 with keccak256) of the receipts it gave and anchors
/// size and root here before it releases anything. Nothing here says who read what of whom.
interface IAccessLedger {
    /// @notice A node anchored its log of receipts.
    /// @param nodeId Whose log.
    /// @param size Number of receipts in it.
    /// @param root Merkle root over all of them.
    event ReceiptsAnchored(bytes32 indexed nodeId, uint64 size, bytes32 root);

    /// @notice A recording node asks for an emergency summary.
    /// @param id Salted hash of the request that the custodians are shown.
    /// @param nodeId Who asks.
    event EmergencyRequested(bytes32 indexed id, bytes32 nodeId);

    /// @notice The caller is no present signing key of an active node of a fitting role.
    error NotActiveNode(address caller);

    /// @notice The log does not grow, or by more than 2^40 receipts.
    /// @param size What was to be anchored.
    /// @param present What is.
    error SizeNotHigher(uint64 size, uint64 present);

    /// @notice A log without a root, or a request without an id.
    error ZeroValue();

    /// @notice This request stands already.
    error EmergencyStands(bytes32 id);

    /// @notice Anchors the caller's log of receipts. By any active node.
    /// @param size Number of receipts, above the one anchored before.
    /// @param root Merkle root over all of them.
    function anchor(uint64 size, bytes32 root) external;

    /// @notice Puts an emergency request on record, once. By an active recording node.
    /// @param id Salted hash of the request.
    function requestEmergency(bytes32 id) external;

    /// @notice The registry of nodes.
    function nodeRegistry() external view returns (INodeRegistry);

    /// @notice A node's newest anchored log.
    /// @param nodeId Its id.
    /// @return size Number of receipts; zero before the first one.
    /// @return root First 22 bytes of the Merkle root over them; all of it is in the event.
    /// @return blockNumber Block in which it was anchored.
    function anchoredOf(
        bytes32 nodeId
    ) external view returns (uint64 size, bytes22 root, uint64 blockNumber);

    /// @notice Who asked for an emergency summary, and when.
    /// @param id Salted hash of the request.
    /// @return nodeId Zero for an unknown request.
    /// @return requestedAt Unix time; zero for an unknown request.
    function emergencyOf(bytes32 id) external view returns (bytes32 nodeId, uint48 requestedAt);
}
