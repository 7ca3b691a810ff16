//! Coolify's update order over real containers, behind the proxy: with traffic, and with images
//! that behave well and badly.

mod load;
mod update;
mod world;

use load::Load;
use world::{Image, Stop, World, app, own_check};
use xtask_fakes::required;

/// The image with a check of its own that fails while it drains is taken out of the routes
/// before it ends; the one that ends at once is asked until Docker says that it has died.
#[test]
fn traffic_moves_and_only_an_image_that_does_not_drain_loses_requests() {
    let world = required!(World::start());
    world.publish(&Image { stop: Stop::Drains, own_check: true, ..Image::good("v1") });
    world.publish(&Image { own_check: true, ..Image::good("v2") });
    world.publish(&Image { own_check: true, ..Image::good("v3") });
    world.finishes(1, own_check(app(&world, "v1")));
    let proxy = world.proxy();
    world.until_only(&proxy, "v1");
    let load = Load::on(proxy.address);
    world.finishes(2, own_check(app(&world, "v2")));
    world.until_only(&proxy, "v2");
    let moved = load.counted();
    assert_eq!(moved.lost, Vec::<String>::new(), "v1 drains");
    assert!(moved.of("v1") > 0 && moved.of("v2") > 0, "{moved:?}");
    world.finishes(3, own_check(app(&world, "v3")));
    world.until_only(&proxy, "v3");
    let moved = load.counted();
    assert!(!moved.lost.is_empty() && moved.of("v3") > 0, "v2 ends at once: {moved:?}");
    assert_eq!(world.running(), [world.container(3)]);
}
