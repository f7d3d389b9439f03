// Every command of the window, once. The build script declares them to Tauri (a command that is
// not declared could be called by every window), the library binds them, and a test sees that
// tauri.conf.json allows each to the desk's window and nothing else.
macro_rules! commands {
    ($with:ident) => {
        $with!(
            backup,
            ban_member,
            change_member,
            check_in_card,
            check_in_member,
            day,
            earn,
            earn_preview,
            find,
            give_pass,
            import_members,
            let_in,
            lock,
            member,
            pass_types,
            photo,
            recent,
            redeem,
            redeem_preview,
            register_member,
            reward_list,
            rewards,
            rules,
            save_pass_type,
            save_prefs,
            save_reward,
            save_rules,
            save_staff,
            set_photo,
            set_up,
            sign_in,
            staff_list,
            status,
            tiers,
            today,
            touch,
            undo,
            use_visit,
            verify,
            vouch,
        )
    };
}
