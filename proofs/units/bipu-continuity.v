(* A function that is homogeneous of degree c is continuous at 0 exactly if c > 0, or it is constant, or it is 0 everywhere. For c = 0 it is
   constant exactly if f(1) = f(0) = f(-1).

   Homogeneous: f(l x) = l^c f(x) for all l > 0 and all x, 0 among them. *)

From Coq Require Import Reals Lra.
From Synbal Require Import activations pinning.
Open Scope R_scope.

Lemma value_at_zero : forall c f, homogeneous c f -> c <> 0 -> f 0 = 0.
Proof.
  intros c f H Hc. assert (E := H 2 0 ltac:(lra)). rewrite Rmult_0_r in E.
  assert (Hne : Rpower 2 c <> 1).
  { intros E1. unfold Rpower in E1. rewrite <- exp_0 in E1. apply exp_inv in E1.
    assert (L : 0 < ln 2) by (rewrite <- ln_1; apply ln_increasing; lra). apply Rmult_integral in E1. lra. }
  assert (Z : (Rpower 2 c - 1) * f 0 = 0) by lra. apply Rmult_integral in Z. lra.
Qed.

Lemma by_sides : forall c f x, homogeneous c f -> (0 < x -> f x = Rpower x c * f 1) /\ (x < 0 -> f x = Rpower (- x) c * f (-1)).
Proof.
  intros c f x H. split; intros Hx.
  - rewrite <- (H x 1 Hx). f_equal. ring.
  - rewrite <- (H (- x) (-1) ltac:(lra)). f_equal. ring.
Qed.

Theorem bipu_continuity : forall c f, homogeneous c f ->
  (continuous_at_zero f <-> 0 < c \/ (forall x, f x = f 0) \/ (forall x, f x = 0)) /\
  (c = 0 -> ((forall x, f x = f 0) <-> f 1 = f 0 /\ f (-1) = f 0)).
Proof.
  intros c f H.
  assert (Hzero : c = 0 -> forall x, (0 < x -> f x = f 1) /\ (x < 0 -> f x = f (-1))).
  { intros Hc x. destruct (by_sides c f x H) as (H1 & H2). split; intros Hx.
    - rewrite (H1 Hx), Hc, Rpower_O by exact Hx. ring.
    - rewrite (H2 Hx), Hc, Rpower_O by lra. ring. }
  assert (Hconst : c = 0 -> ((forall x, f x = f 0) <-> f 1 = f 0 /\ f (-1) = f 0)).
  { intros Hc. split; [auto|]. intros (E1 & E2) x. destruct (Hzero Hc x) as (H1 & H2).
    destruct (Rtotal_order x 0) as [Hx|[->|Hx]]; [rewrite H2; auto|reflexivity|rewrite H1; auto]. }
  split; [|exact Hconst]. split.
  - intros Hcont. destruct (Rtotal_order c 0) as [Hneg|[Hz|Hpos]]; [| |left; exact Hpos]; right.
    + (* l^c >= 1 for l <= 1 *)
      right. assert (F0 := value_at_zero c f H ltac:(lra)).
      assert (Hsmall : forall s, s = 1 \/ s = -1 -> f s = 0).
      { intros s Hs. destruct (Req_dec (f s) 0) as [|Hne]; [assumption|exfalso].
        destruct (Hcont (Rabs (f s))) as (d & Hd & Hnear); [apply Rabs_pos_lt; exact Hne|].
        set (l := Rmin (d / 2) (1 / 2)). assert (Hl : 0 < l) by (apply Rmin_pos; lra).
        assert (L1 : l <= d / 2) by apply Rmin_l. assert (L2 : l <= 1 / 2) by apply Rmin_r.
        specialize (Hnear (l * s)). rewrite (H l s Hl), F0, Rminus_0_r in Hnear.
        assert (Hlt : Rabs (l * s) < d).
        { rewrite Rabs_mult, (Rabs_right l) by lra. destruct Hs as [-> | ->]; [rewrite Rabs_R1; lra|].
          rewrite (Rabs_left (-1)) by lra. lra. }
        specialize (Hnear Hlt). rewrite Rabs_mult, (Rabs_right (Rpower l c)) in Hnear by (left; apply exp_pos).
        assert (1 <= Rpower l c).
        { unfold Rpower. rewrite <- exp_0. left. apply exp_increasing.
          assert (ln l < 0) by (rewrite <- ln_1; apply ln_increasing; lra). nra. }
        assert (P := Rabs_pos (f s)). nra. }
      intros x. destruct (by_sides c f x H) as (H1 & H2). destruct (Rtotal_order x 0) as [Hx|[->|Hx]]; [|exact F0|].
      * rewrite H2, (Hsmall (-1)) by auto. ring.
      * rewrite H1, (Hsmall 1) by auto. ring.
    + left. apply (proj2 (Hconst Hz)).
      assert (Hside : forall s, s = 1 \/ s = -1 -> f s = f 0).
      { intros s Hs. destruct (Req_dec (f s) (f 0)) as [|Hne]; [assumption|exfalso].
        destruct (Hcont (Rabs (f s - f 0))) as (d & Hd & Hnear); [apply Rabs_pos_lt; lra|].
        specialize (Hnear (d / 2 * s)). rewrite (H (d / 2) s ltac:(lra)), Hz, Rpower_O, Rmult_1_l in Hnear by lra.
        assert (Rabs (d / 2 * s) < d); [|specialize (Hnear H0); lra].
        rewrite Rabs_mult, (Rabs_right (d / 2)) by lra. destruct Hs as [-> | ->]; [rewrite Rabs_R1; lra|]. rewrite (Rabs_left (-1)) by lra. lra. }
      split; apply Hside; auto.
  - intros [Hpos|[Hall|Hall]].
    + intros e He. assert (F0 := value_at_zero c f H ltac:(lra)). set (M := Rabs (f 1) + Rabs (f (-1)) + 1).
      assert (P1 := Rabs_pos (f 1)). assert (P2 := Rabs_pos (f (-1))). assert (HM : 0 < M) by (unfold M; lra).
      assert (Hq : 0 < e / M) by (apply Rdiv_lt_0_compat; assumption).
      exists (Rpower (e / M) (/ c)). split; [apply exp_pos|]. intros x Hx. rewrite F0, Rminus_0_r.
      assert (Hbound : forall l v, 0 < l -> l < Rpower (e / M) (/ c) -> Rabs v < M -> Rabs (Rpower l c * v) < e).
      { intros l v Hl Hlt Hv. rewrite Rabs_mult, (Rabs_right (Rpower l c)) by (left; apply exp_pos).
        assert (Hle : Rpower l c <= e / M).
        { apply Rle_trans with (Rpower (Rpower (e / M) (/ c)) c); [apply Rle_Rpower_l; lra|].
          rewrite Rpower_mult, Rinv_l, Rpower_1 by lra. lra. }
        assert (Hl0 : 0 < Rpower l c) by apply exp_pos. assert (Hv0 := Rabs_pos v).
        apply Rlt_le_trans with (Rpower l c * M); [apply Rmult_lt_compat_l; assumption|].
        apply Rle_trans with (e / M * M); [apply Rmult_le_compat_r; lra|]. right. field. lra. }
      destruct (by_sides c f x H) as (H1 & H2). destruct (Rtotal_order x 0) as [Hx'|[->|Hx']].
      * rewrite (H2 Hx'). apply Hbound; [lra|rewrite Rabs_left in Hx by exact Hx'; exact Hx|unfold M; lra].
      * rewrite F0, Rabs_R0. exact He.
      * rewrite (H1 Hx'). apply Hbound; [lra|rewrite Rabs_right in Hx by lra; exact Hx|unfold M; lra].
    + intros e He. exists 1. split; [lra|]. intros x _. rewrite (Hall x), Rminus_eq_0, Rabs_R0. exact He.
    + intros e He. exists 1. split; [lra|]. intros x _. rewrite (Hall x), (Hall 0), Rminus_eq_0, Rabs_R0. exact He.
Qed.
