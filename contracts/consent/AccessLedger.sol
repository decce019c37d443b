// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessLedger} from "../interfaces/IAccessLedger.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {RECORDING, Standing} from "../libraries/Standing.sol";

contract AccessLedger is IAccessLedger {
    // One slot: a node anchors with every round, so its log costs no second one.
    struct Log {
        uint40 size;
        uint40 blockNumber;
        bytes22 root;
    }

    // A position is given once, so it stands for the node.
    struct Request {
        uint16 position;
        uint48 requestedAt;
    }

    INodeRegistry public immutable nodeRegistry;

    mapping(bytes32 nodeId => Log) private _logs;
    mapping(bytes32 id => Request) private _requests;

    constructor(INodeRegistry nodeRegistry_) {
        nodeRegistry = nodeRegistry_;
    }

    function anchor(uint64 size, bytes32 root) external {
        if (!nodeRegistry.standingOf(msg.sender).isActive()) revert NotActiveNode(msg.sender);
        if (root == 0) revert ZeroValue();
        bytes32 nodeId = nodeRegistry.nodeIdOf(msg.sender);
        uint64 present = _logs[nodeId].size;
        if (size <= present || size > type(uint40).max) revert SizeNotHigher(size, present);

        _logs[nodeId] = Log(uint40(size), uint40(block.number), bytes22(root));
        emit ReceiptsAnchored(nodeId, size, root);
    }

    function requestEmergency(bytes32 id) external {
        Standing standing = nodeRegistry.standingOf(msg.sender);
        if (!standing.isActive() || standing.roleOf() != RECORDING)
            revert NotActiveNode(msg.sender);
        if (id == 0) revert ZeroValue();
        if (_requests[id].requestedAt != 0) revert EmergencyStands(id);

        _requests[id] = Request({
            position: standing.positionOf(),
            requestedAt: uint48(block.timestamp)
        });
        emit EmergencyRequested(id, nodeRegistry.nodeIdOf(msg.sender));
    }

    function anchoredOf(
        bytes32 nodeId
    ) external view returns (uint64 size, bytes22 root, uint64 blockNumber) {
        Log storage log = _logs[nodeId];
        return (log.size, log.root, log.blockNumber);
    }

    function emergencyOf(bytes32 id) external view returns (bytes32 nodeId, uint48 requestedAt) {
        Request storage request = _requests[id];
        requestedAt = request.requestedAt;
        if (requestedAt != 0) nodeId = nodeRegistry.nodeAt(request.position);
    }
}
