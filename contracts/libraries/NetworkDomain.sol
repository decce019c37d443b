// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {INetworkDomain} from "../interfaces/INetworkDomain.sol";
import {Domain} from "./Domain.sol";

// What every contract that checks signatures has in common: federation, network and their domain.
abstract contract NetworkDomain is INetworkDomain {
    bytes32 public immutable federationId;
    bytes32 public immutable networkId;
    bytes32 public immutable domainSeparator;

    constructor(bytes32 federationId_, bytes32 networkId_) {
        if (federationId_ == 0 || networkId_ == 0) revert ZeroIdentifier();
        federationId = federationId_;
        networkId = networkId_;
        domainSeparator = Domain.separator(federationId_);
    }

    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (
            Domain.FIELDS,
            Domain.NAME,
            Domain.VERSION,
            0,
            address(0),
            federationId,
            new uint256[](0)
        );
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return Domain.digest(domainSeparator, structHash);
    }
}
