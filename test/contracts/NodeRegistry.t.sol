// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {NodeRegistry} from "../../contracts/edge/NodeRegistry.sol";
import {INodeRegistry} from "../../contracts/interfaces/INodeRegistry.sol";
import {Domain} from "../../contracts/libraries/Domain.sol";
import {KeyRotation} from "../../contracts/libraries/KeyRotation.sol";
import {
    ADMITTED,
    CONSENSUS,
    READER,
    REMOVED,
    REPLACED,
    SUSPENDED,
    Standing
} from "../../contracts/libraries/Standing.sol";
import {EdgeFixture} from "./EdgeFixture.sol";

// Governance admits, suspends, resumes, removes; nodes rotate; thieves and governance try to rotate for them.
contract NodesHandler is EdgeFixture {
    struct Model {
        bytes32 id;
        uint256 key;
        uint8 role;
        uint8 state;
        uint32 keyEpoch;
    }

    Model[] private _models;
    uint256[] private _retired;
    uint256 private _keys = 0xbeef;
    string public breach;

    constructor() {
        deployNodes();
    }

    function admitNext(uint8 role) external {
        role = uint8(bound(role, 1, 5));
        uint256 key = ++_keys;
        _models.push(Model(admit(vm.addr(key), role), key, role, ADMITTED, 1));
    }

    function admitUsedKey(uint256 which) external {
        uint256 key = _retired.length == 0 ? 0 : _retired[which % _retired.length];
        if (key == 0 && _models.length != 0) key = _models[which % _models.length].key;
        if (key == 0) return;
        try nodes.admit(descriptorOf(vm.addr(key), 1)) {
            breach = "key used again";
        } catch {}
    }

    function changeState(uint256 which, uint8 verb) external {
        if (_models.length == 0) return;
        Model storage model = _models[which % _models.length];
        verb = verb % 3;
        bool may =
            verb == 0
                ? model.state == ADMITTED
                : verb == 1
                    ? model.state == SUSPENDED
                    : model.state != REMOVED;
        bytes4 selector =
            verb == 0
                ? INodeRegistry.suspend.selector
                : verb == 1
                    ? INodeRegistry.resume.selector
                    : INodeRegistry.remove.selector;
        // solhint-disable-next-line avoid-low-level-calls
        (bool done, ) = address(nodes).call(abi.encodeWithSelector(selector, model.id));
        if (done != may) breach = "state";
        if (may)
            model.state =
                verb == 0
                    ? SUSPENDED
                    : verb == 1
                        ? ADMITTED
                        : REMOVED;
    }

    // `by`: 0 the node itself, 1 governance, 2 another node, 3 the node with a signature of another key.
    function rotate(uint256 which, uint8 by, uint8 epochStep) external {
        if (_models.length == 0) return;
        Model storage model = _models[which % _models.length];
        by = by % 4;
        uint256 newKey = ++_keys;
        uint32 keyEpoch = model.keyEpoch + (uint32(epochStep) % 3);
        bytes32 structHash = KeyRotation.structHash(NETWORK, model.id, vm.addr(newKey), keyEpoch);
        bytes memory signature = signed(
            by == 3 ? newKey + 1 : newKey,
            Domain.digest(Domain.separator(FEDERATION), structHash)
        );
        address caller = vm.addr(model.key);
        if (by == 1) caller = address(this);
        if (by == 2) caller = vm.addr(_models[(which + 1) % _models.length].key);
        bool isOwn = caller == vm.addr(model.key);
        bool may = isOwn && by != 3 && keyEpoch == model.keyEpoch + 1 && model.state == ADMITTED;
        vm.prank(caller);
        try nodes.rotateSigningKey(vm.addr(newKey), signature) {
            if (!may) breach = "foreign rotation";
            _retired.push(model.key);
            (model.key, model.keyEpoch) = (newKey, keyEpoch);
        } catch {
            if (may) breach = "own rotation refused";
        }
    }

    function registry() external view returns (NodeRegistry) {
        return nodes;
    }

    function count() external view returns (uint256) {
        return _models.length;
    }

    function modelAt(uint256 i) external view returns (Model memory) {
        return _models[i];
    }

    function retired() external view returns (uint256[] memory) {
        return _retired;
    }
}

contract NodeRegistryInvariants is EdgeFixture {
    NodesHandler private _handler;

    function setUp() external {
        _handler = new NodesHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_everyNodeHasItsOwnKeyStateAndPosition() external view {
        check(bytes(_handler.breach()).length == 0, _handler.breach());
        NodeRegistry registry = _handler.registry();
        uint256 answering = 0;
        uint256 consensus = 0;
        for (uint256 i = 0; i < _handler.count(); ++i) {
            NodesHandler.Model memory model = _handler.modelAt(i);
            INodeRegistry.Node memory node = registry.nodeOf(model.id);
            check(node.signingKey == vm.addr(model.key), "key");
            check(node.state == model.state && node.role == model.role, "state");
            check(node.keyEpoch == model.keyEpoch, "epoch");
            check(registry.nodeIdOf(node.signingKey) == model.id, "id of key");
            if (model.role == CONSENSUS) {
                check(
                    node.position == consensus &&
                        registry.consensusNodeAt(uint16(consensus)) == model.id,
                    "position"
                );
                ++consensus;
            } else if (model.role < READER) {
                check(
                    node.position == answering && registry.nodeAt(uint16(answering)) == model.id,
                    "position"
                );
                ++answering;
            } else {
                check(node.position == type(uint16).max, "no position");
            }
        }
        check(registry.nodeCount() == _handler.count(), "count");
        check(
            registry.answeringCount() == answering && registry.consensusCount() == consensus,
            "counts"
        );
    }

    function invariant_retiredKeysStayReplaced() external view {
        uint256[] memory retired = _handler.retired();
        for (uint256 i = 0; i < retired.length; ++i) {
            Standing standing = _handler.registry().standingOf(vm.addr(retired[i]));
            check(standing.stateOf() == REPLACED && !standing.isActive(), "retired key");
        }
    }
}
