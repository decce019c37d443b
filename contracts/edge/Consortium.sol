// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {MultiSignerERC7913} from "@openzeppelin/contracts/utils/cryptography/signers/MultiSignerERC7913.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {NetworkDomain} from "../libraries/NetworkDomain.sol";
import {Call, Proposal} from "../libraries/Proposal.sol";

contract Consortium is IConsortium, MultiSignerERC7913, NetworkDomain {
    mapping(uint256 nonce => bool executed) private _executed;

    modifier onlyByProposal() {
        if (msg.sender != address(this)) revert NotByProposal(msg.sender);
        _;
    }

    constructor(
        bytes32 federationId_,
        bytes32 networkId_,
        bytes[] memory signers,
        uint64 threshold_
    ) NetworkDomain(federationId_, networkId_) MultiSignerERC7913(signers, threshold_) {}

    function execute(
        Call[] calldata calls,
        uint256 nonce,
        uint64 expiry,
        bytes calldata signature
    ) external {
        if (calls.length == 0) revert EmptyProposal();
        if (block.timestamp > expiry) revert ProposalExpired(expiry);
        if (_executed[nonce]) revert ProposalUsed(nonce);
        bytes32 digest = digestOf(calls, nonce, expiry);
        if (!_rawSignatureValidation(digest, signature)) revert NotAgreed(digest);

        _executed[nonce] = true;
        emit ProposalExecuted(nonce, digest);

        for (uint256 i = 0; i < calls.length; ++i)
            Address.functionCall(calls[i].target, calls[i].data);
    }

    function addSigners(bytes[] calldata signers) external onlyByProposal {
        _addSigners(signers);
    }

    function removeSigners(bytes[] calldata signers) external onlyByProposal {
        _removeSigners(signers);
    }

    function setThreshold(uint64 newThreshold) external onlyByProposal {
        _setThreshold(newThreshold);
    }

    function isUsed(uint256 nonce) external view returns (bool) {
        return _executed[nonce];
    }

    function digestOf(
        Call[] calldata calls,
        uint256 nonce,
        uint64 expiry
    ) public view returns (bytes32) {
        return _digest(Proposal.structHash(networkId, calls, nonce, expiry));
    }

    // A signer that can never sign would lower the number of real members; a verifier without code could be a
    // precompile, and the one that returns its input would pass every check.
    function _addSigners(bytes[] memory signers) internal override {
        for (uint256 i = 0; i < signers.length; ++i) {
            bytes memory signer = signers[i];
            address verifier = address(bytes20(signer));
            bool keyWithoutVerifier = signer.length > 20 && verifier.code.length == 0;
            if (verifier == address(0) || verifier == address(this) || keyWithoutVerifier) {
                revert UnusableSigner(signer);
            }
        }
        super._addSigners(signers);
    }
}
