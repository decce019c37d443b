// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

// The one EIP-712 domain of the federation: name, version and salt = federationId. No chain id and no contract,
// so that one signature can serve several networks; the structs name the network and the chain they are for.
library Domain {
    string internal constant NAME = "Carelattice";
    string internal constant VERSION = "1";

    // ERC-5267: bits of name, version and salt.
    bytes1 internal constant FIELDS = 0x13;

    bytes32 private constant TYPE_HASH = keccak256(
        "EIP712Domain(string name,string version,bytes32 salt)"
    );

    function separator(bytes32 federationId) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    TYPE_HASH,
                    keccak256(bytes(NAME)),
                    keccak256(bytes(VERSION)),
                    federationId
                )
            );
    }

    function digest(bytes32 domainSeparator, bytes32 structHash) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domainSeparator, structHash);
    }
}
