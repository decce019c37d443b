// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Call} from "../libraries/Proposal.sol";

/// @title The members of a network, acting together
/// @notice M of N members sign one typed proposal, anyone executes it. The consortium is the only administrator of
/// the network's AccessManager; it can admit, suspend and remove nodes, and can neither read nor change a key.
interface IConsortium {
    /// @notice A proposal was executed, all of its calls.
    /// @param nonce Its one-time number.
    /// @param digest What the members signed.
    event ProposalExecuted(uint256 indexed nonce, bytes32 digest);

    /// @notice The proposal has no call.
    error EmptyProposal();

    /// @notice The time to execute it is over.
    /// @param expiry Last second of its validity, Unix time.
    error ProposalExpired(uint64 expiry);

    /// @notice A proposal with this nonce was executed before.
    /// @param nonce Its one-time number.
    error ProposalUsed(uint256 nonce);

    /// @notice Fewer members than the threshold signed, or one of the signatures is none.
    /// @param digest What they should have signed.
    error NotAgreed(bytes32 digest);

    /// @notice The consortium changes itself by a proposal only.
    /// @param caller Who tried otherwise.
    error NotByProposal(address caller);

    /// @notice This signer cannot sign: the zero address, the consortium itself, or a verifier without code.
    /// @param signer Verifier, followed by its key if it has one (ERC-7913).
    error UnusableSigner(bytes signer);

    /// @notice Executes what the members have agreed on. One failing call undoes them all.
    /// @param calls What to call, in order.
    /// @param nonce Any number not used before; no order among them.
    /// @param expiry Last second of validity, Unix time.
    /// @param signature abi.encode(bytes[] signers, bytes[] signatures), signers in order of their keccak256.
    function execute(
        Call[] calldata calls,
        uint256 nonce,
        uint64 expiry,
        bytes calldata signature
    ) external;

    /// @notice Adds members. By proposal only.
    /// @param signers ERC-7913 signers; 20 bytes are an account.
    function addSigners(bytes[] calldata signers) external;

    /// @notice Removes members; the threshold must stay reachable. By proposal only.
    /// @param signers ERC-7913 signers.
    function removeSigners(bytes[] calldata signers) external;

    /// @notice Sets how many members must sign. By proposal only.
    /// @param newThreshold At least one, at most the number of members.
    function setThreshold(uint64 newThreshold) external;

    /// @notice What the members sign for a proposal.
    /// @param calls What to call, in order.
    /// @param nonce Its one-time number.
    /// @param expiry Last second of validity, Unix time.
    /// @return The EIP-712 digest.
    function digestOf(
        Call[] calldata calls,
        uint256 nonce,
        uint64 expiry
    ) external view returns (bytes32);

    /// @notice Whether a proposal with this nonce was executed.
    /// @param nonce A one-time number.
    function isUsed(uint256 nonce) external view returns (bool);
}
