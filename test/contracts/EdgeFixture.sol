// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "../../contracts/edge/AccessManager.sol";
import {NodeRegistry} from "../../contracts/edge/NodeRegistry.sol";
import {INodeRegistry} from "../../contracts/interfaces/INodeRegistry.sol";
import {CheatCodes} from "./Vm.sol";

// A registry governed by whoever made the fixture: the tests play the consortium.
abstract contract EdgeFixture is CheatCodes {
    bytes32 internal constant FEDERATION = keccak256("federation");
    bytes32 internal constant NETWORK = keccak256("network");

    NodeRegistry internal nodes;

    function deployNodes() internal {
        AccessManager manager = new AccessManager(address(this));
        nodes = new NodeRegistry(FEDERATION, NETWORK, address(manager), 2 days, type(uint16).max);
    }

    function admit(address key, uint8 role) internal returns (bytes32) {
        return nodes.admit(descriptorOf(key, role));
    }

    function descriptorOf(
        address key,
        uint8 role
    ) internal pure returns (INodeRegistry.NodeDescriptor memory) {
        return
            INodeRegistry.NodeDescriptor({
                firstSigningKey: key,
                nonce: bytes32(uint256(uint160(key))),
                role: role,
                kemKey: hex"01",
                tlsKeyHash: bytes32(uint256(1)),
                name: "node",
                endpoint: "https://node.example",
                licenceHash: 0
            });
    }
}
