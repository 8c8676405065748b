// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {CardToken} from "../CardToken.sol";

/// @title All that tests compare with their model, in one call. For tests only.
contract Lens {
    struct Account {
        uint256 usdc;
        uint256 card;
        uint256 pendingAmount;
        uint256 pendingReadyAt;
    }

    function look(CardToken card, address[] calldata accounts, bytes32[] calldata settlementIds)
        external
        view
        returns (uint256 supply, uint256 held, uint256 surplus, bool paused, Account[] memory seen, bool[] memory settled)
    {
        IERC20 usdc = card.usdc();
        (supply, held, surplus, paused) =
            (card.totalSupply(), usdc.balanceOf(address(card)), card.surplus(), card.paused());
        seen = new Account[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            seen[i] = _account(card, usdc, accounts[i]);
        }
        settled = new bool[](settlementIds.length);
        for (uint256 i = 0; i < settlementIds.length; ++i) {
            settled[i] = card.settled(settlementIds[i]);
        }
    }

    /// @return has for each role, for each account
    function roles(CardToken card, bytes32[] calldata roleIds, address[] calldata accounts)
        external
        view
        returns (bool[] memory has)
    {
        has = new bool[](roleIds.length * accounts.length);
        for (uint256 i = 0; i < has.length; ++i) {
            has[i] = card.hasRole(roleIds[i / accounts.length], accounts[i % accounts.length]);
        }
    }

    function _account(CardToken card, IERC20 usdc, address account) private view returns (Account memory seen) {
        seen.usdc = usdc.balanceOf(account);
        seen.card = card.cardBalance(account);
        (seen.pendingAmount, seen.pendingReadyAt) = card.pendingWithdrawal(account);
    }
}
