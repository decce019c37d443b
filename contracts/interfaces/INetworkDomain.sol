// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

/// @title A contract that checks signatures of one network
/// @notice The EIP-712 domain has name "Carelattice", version "1" and the federation as salt, no chain id and no
/// contract (ERC-5267 fields 0x13). Each signed struct names the network and the chain it is for.
interface INetworkDomain is IERC5267 {
    /// @notice The contract was deployed without a federation or without a network.
    error ZeroIdentifier();

    /// @notice The account did not sign this digest, or the signature is none: 65 bytes, low s, v 27 or 28. An
    /// account with code answers itself (ERC-1271) and has 100,000 gas for it; one that delegates (EIP-7702) may do
    /// either.
    /// @param account Who should have signed.
    /// @param digest The EIP-712 digest.
    error BadSignature(address account, bytes32 digest);

    /// @notice The transaction has too little gas left for an account's code to answer. All of it is undone.
    /// @param needed Gas that must be left.
    error TooLittleGas(uint256 needed);

    /// @notice The federation whose signatures count here.
    function federationId() external view returns (bytes32);

    /// @notice The network this contract belongs to.
    function networkId() external view returns (bytes32);

    /// @notice The EIP-712 domain separator of the federation.
    function domainSeparator() external view returns (bytes32);
}
