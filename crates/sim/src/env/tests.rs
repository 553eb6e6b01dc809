use super::*;

fn clocks(drift_ppm: i64) -> Clocks {
    Clocks { drift_ppm, wall_offset_ms: AtomicI64::new(0) }
}

const HOUR: u64 = 3_600_000_000_000;

#[test]
fn fast_clock_shows_more_time_and_sleeps_less_of_it() {
    assert_eq!(clocks(0).local(HOUR), HOUR);
    assert_eq!(clocks(200).local(HOUR), HOUR + HOUR / 5_000);
    assert_eq!(clocks(-200).local(HOUR), HOUR - HOUR / 5_000);
    assert!(clocks(200).true_span(Duration::from_secs(10)) < Duration::from_secs(10));
    assert!(clocks(-200).true_span(Duration::from_secs(10)) > Duration::from_secs(10));
}

#[test]
fn sleep_is_as_long_as_the_members_own_clock_says() {
    for drift_ppm in [-500, -200, -1, 0, 1, 200, 500] {
        let clocks = clocks(drift_ppm);
        for asked in [1, 1_000, 999_999_999, HOUR] {
            let slept = clocks.local(u64::try_from(clocks.true_span(Duration::from_nanos(asked)).as_nanos()).unwrap());
            assert!(asked - slept <= 2, "{drift_ppm} ppm: asked for {asked} ns, its clock shows {slept}");
        }
    }
}

#[test]
fn monotonic_clock_never_steps_back() {
    for drift_ppm in [-200, 200] {
        let read: Vec<u64> = (0..5_000).map(|at| clocks(drift_ppm).local(at)).collect();
        assert!(read.is_sorted());
    }
}

#[test]
fn wall_clock_steps_and_nothing_else_does() {
    let shown = crate::on_virtual_time(async {
        let clocks = Arc::new(clocks(0));
        let env = SimEnv::new(Arc::new(Trace::begin()), Arc::clone(&clocks), Seeds(1));
        let (wall, now) = (env.wall_ms(), env.now());
        clocks.wall_offset_ms.store(-600_000, SeqCst);
        env.sleep(Duration::from_secs(1)).await;
        (i128::from(env.wall_ms()) - i128::from(wall), env.now().since(now))
    });
    assert_eq!(shown.unwrap(), (-599_000, Duration::from_secs(1)));
}

#[test]
fn each_purpose_draws_from_its_own_stream() {
    let drawn = crate::on_virtual_time(async {
        let env = || SimEnv::new(Arc::new(Trace::begin()), Arc::default(), Seeds(9));
        let (one, other) = (env(), env());
        let first = one.seed("election");
        other.seed("probe");
        (first, other.seed("election"), one.seed("election"))
    });
    let (first, same, next) = drawn.unwrap();
    assert_eq!(first, same, "a draw for one purpose changes no other");
    assert_ne!(first, next, "each draw is fresh");
}
